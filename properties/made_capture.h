// Captures made packet by packet, with libpcap's own writer, for tests.
#pragma once

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "harness/capture.h"
#include "spec/bytes.h"

namespace oftwin::harness::made {

inline void put16(Bytes& out, unsigned v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v));
}
inline void put32(Bytes& out, std::uint32_t v) {
  put16(out, v >> 16);
  put16(out, v & 0xffff);
}
inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

constexpr unsigned kSyn = 0x02, kAck = 0x10, kFin = 0x01, kRst = 0x04;
constexpr std::uint16_t kSwitchPort = 6653;

// A TCP segment between a controller (10.0.0.1) and a switch (10.0.0.2) that listens on kSwitchPort, as an IP packet.
struct Segment {
  bool from_controller = true;
  std::uint32_t sequence = 0;
  Bytes payload;
  unsigned flags = kAck;
  std::uint16_t controller_port = 40000;

  Bytes tcp() const {
    Bytes out;
    put16(out, from_controller ? controller_port : kSwitchPort);
    put16(out, from_controller ? kSwitchPort : controller_port);
    put32(out, sequence);
    put32(out, 0);
    put16(out, 0x5000 | flags);
    put16(out, 1000);
    put32(out, 0);
    append(out, payload);
    return out;
  }
  Bytes ipv4() const {
    const Bytes body = tcp();
    Bytes out{0x45, 0};
    put16(out, static_cast<unsigned>(20 + body.size()));
    put32(out, 0);
    append(out, Bytes{64, 6, 0, 0});
    append(out, from_controller ? Bytes{10, 0, 0, 1, 10, 0, 0, 2} : Bytes{10, 0, 0, 2, 10, 0, 0, 1});
    append(out, body);
    return out;
  }
  Bytes ipv6() const {
    const Bytes body = tcp();
    Bytes out{0x60, 0, 0, 0};
    put16(out, static_cast<unsigned>(body.size()));
    append(out, Bytes{6, 64});
    Bytes one(16), two(16);
    one[15] = 1;
    two[15] = 2;
    append(out, from_controller ? one : two);
    append(out, from_controller ? two : one);
    append(out, body);
    return out;
  }
  Bytes ethernet() const { return framed(0x0800, ipv4()); }
  static Bytes framed(unsigned type, ByteView packet) {
    Bytes out(12);
    put16(out, type);
    append(out, packet);
    return out;
  }
};

using Messages = std::vector<Bytes>;

class MadeCapture {
 public:
  explicit MadeCapture(int link_type = DLT_EN10MB)
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".pcap")),
        pcap_(pcap_open_dead(link_type, 262144)),
        dumper_(pcap_dump_open(pcap_, path_.c_str())) {}
  ~MadeCapture() {
    close();
    std::filesystem::remove(path_);
  }
  MadeCapture(const MadeCapture&) = delete;
  MadeCapture& operator=(const MadeCapture&) = delete;

  MadeCapture& packet(const Bytes& bytes, std::size_t captured = ~std::size_t{0}) {
    pcap_pkthdr header{};
    header.ts.tv_sec = 1000 + ++packets_;
    header.caplen = static_cast<bpf_u_int32>(std::min(captured, bytes.size()));
    header.len = static_cast<bpf_u_int32>(bytes.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, bytes.data());
    return *this;
  }
  MadeCapture& segment(const Segment& s) { return packet(s.ethernet()); }
  Capture read() {
    close();
    return read_capture(path_.string());
  }
  std::string error() {
    try {
      read();
    } catch (const CaptureError& e) { return e.what(); }
    return "no error";
  }
  const std::filesystem::path& path() const { return path_; }
  void close() {
    if (!pcap_) return;
    pcap_dump_close(dumper_);
    pcap_close(pcap_);
    pcap_ = nullptr;
  }

 private:
  std::filesystem::path path_;
  pcap_t* pcap_;
  pcap_dumper_t* dumper_;
  int packets_ = 0;
};

inline Bytes message(std::uint8_t type, std::uint32_t xid, const Bytes& body = {}) {
  Bytes out{1, type};
  put16(out, static_cast<unsigned>(8 + body.size()));
  put32(out, xid);
  append(out, body);
  return out;
}
inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

}  // namespace oftwin::harness::made

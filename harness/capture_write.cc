#include "harness/capture_write.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cstdlib>

#include "harness/files.h"
#include "harness/frame.h"
#include "harness/wire_io.h"

namespace oftwin::harness {

namespace {

constexpr int kLongest = 65535;
constexpr std::size_t kMostPayload = 32768;  // of a segment, as segmentation offload makes them
constexpr unsigned kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;
constexpr std::uint8_t kTcp = 6;

// The low 16 bits over the pseudo header and the segment; an odd byte counts as the upper half.
std::uint16_t tcp_checksum(std::uint32_t from, std::uint32_t to, ByteView segment) {
  Bytes all;
  put(all, from);
  put(all, to);
  put(all, std::uint16_t{kTcp});
  put(all, static_cast<std::uint16_t>(segment.size()));
  put_bytes(all, segment);
  put_zeros(all, all.size() % 2);
  return internet_checksum(all);
}

}  // namespace

struct CaptureWriter::Handle {
  char* bytes = nullptr;
  std::size_t size = 0;
  std::FILE* memory = nullptr;
  pcap_t* format = nullptr;
  pcap_dumper_t* dumper = nullptr;
};

CaptureWriter::CaptureWriter() : handle_(std::make_unique<Handle>()) {
  Handle& h = *handle_;
  h.memory = open_memstream(&h.bytes, &h.size);
  if (h.memory == nullptr) throw FileError("no memory for a capture");
  h.format = pcap_open_dead(DLT_EN10MB, kLongest);
  h.dumper = pcap_dump_fopen(h.format, h.memory);
}

CaptureWriter::~CaptureWriter() {
  take();
  std::free(handle_->bytes);
}

void CaptureWriter::frame(std::uint64_t time_us, ByteView bytes) {
  pcap_pkthdr header{};
  header.ts.tv_sec = static_cast<time_t>(time_us / 1'000'000);
  header.ts.tv_usec = static_cast<suseconds_t>(time_us % 1'000'000);
  header.caplen = header.len = static_cast<bpf_u_int32>(bytes.size());
  pcap_dump(reinterpret_cast<u_char*>(handle_->dumper), &header, bytes.data());
}

std::string CaptureWriter::take() {
  Handle& h = *handle_;
  if (h.dumper == nullptr) return {};
  pcap_dump_close(h.dumper);  // closes the file, too
  pcap_close(h.format);
  h.dumper = nullptr;
  return {h.bytes, h.size};
}

void WrittenConnection::open(std::uint64_t& time_us) {
  segment(true, kSyn, {}, time_us);
  segment(false, kSyn | kAck, {}, time_us);
  segment(true, kAck, {}, time_us);
}

void WrittenConnection::say(bool opener, ByteView bytes, std::uint64_t& time_us) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kMostPayload));
    segment(opener, kPush | kAck, part, time_us);
    bytes = bytes.subspan(part.size());
  }
}

void WrittenConnection::close(bool opener, std::uint64_t& time_us) {
  segment(opener, kFin | kAck, {}, time_us);
  segment(!opener, kFin | kAck, {}, time_us);
  segment(opener, kAck, {}, time_us);
}

void WrittenConnection::segment(bool opener, unsigned flags, ByteView payload, std::uint64_t& time_us) {
  const std::size_t me = opener ? 0 : 1;
  const End &from = ends_[me], &to = ends_[1 - me];
  Bytes tcp;
  put(tcp, from.port);
  put(tcp, to.port);
  put(tcp, next_[me]);
  put(tcp, (flags & kAck) != 0 ? next_[1 - me] : 0u);
  put(tcp, static_cast<std::uint16_t>(0x5000 | flags));
  put(tcp, std::uint16_t{0xffff});  // window
  put(tcp, std::uint32_t{0});       // checksum, urgent pointer
  put_bytes(tcp, payload);
  set_u16(tcp, 16, tcp_checksum(from.ip, to.ip, tcp));

  Bytes ip{0x45, 0};
  put(ip, static_cast<std::uint16_t>(20 + tcp.size()));
  put(ip, std::uint32_t{0});
  put_bytes(ip, Bytes{64, kTcp, 0, 0});
  put(ip, from.ip);
  put(ip, to.ip);
  set_u16(ip, 10, internet_checksum(ip));

  Bytes frame(12, 0x02);  // locally administered addresses
  put(frame, std::uint16_t{0x0800});
  put_bytes(frame, ip);
  put_bytes(frame, tcp);
  writer_.frame(time_us++, frame);
  next_[me] += static_cast<std::uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
}

}  // namespace oftwin::harness

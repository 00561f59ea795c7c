// Captures made by hand, with libpcap's own writer: what the reader puts together, and what it refuses and where.
#include "harness/capture.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "harness/request.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;

void put16(Bytes& out, unsigned v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v));
}
void put32(Bytes& out, std::uint32_t v) {
  put16(out, v >> 16);
  put16(out, v & 0xffff);
}
void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

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

class CaptureFile {
 public:
  explicit CaptureFile(int link_type = DLT_EN10MB)
      : path_(fs::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".pcap")),
        pcap_(pcap_open_dead(link_type, 262144)),
        dumper_(pcap_dump_open(pcap_, path_.c_str())) {}
  ~CaptureFile() {
    close();
    fs::remove(path_);
  }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  CaptureFile& packet(const Bytes& bytes, std::size_t captured = ~std::size_t{0}) {
    pcap_pkthdr header{};
    header.ts.tv_sec = 1000 + ++packets_;
    header.caplen = static_cast<bpf_u_int32>(std::min(captured, bytes.size()));
    header.len = static_cast<bpf_u_int32>(bytes.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, bytes.data());
    return *this;
  }
  CaptureFile& segment(const Segment& s) { return packet(s.ethernet()); }
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
  const fs::path& path() const { return path_; }
  void close() {
    if (!pcap_) return;
    pcap_dump_close(dumper_);
    pcap_close(pcap_);
    pcap_ = nullptr;
  }

 private:
  fs::path path_;
  pcap_t* pcap_;
  pcap_dumper_t* dumper_;
  int packets_ = 0;
};

Bytes message(std::uint8_t type, std::uint32_t xid, const Bytes& body = {}) {
  Bytes out{1, type};
  put16(out, static_cast<unsigned>(8 + body.size()));
  put32(out, xid);
  append(out, body);
  return out;
}
Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}
const Bytes kHello = message(0, 1), kEcho = message(2, 3, {1, 2, 3, 4}), kBarrier = message(18, 4);
const Bytes kFeatures = message(5, 2), kBarrierReply = message(19, 4);

Messages sent(const Capture& capture, bool by_switch) {
  std::vector<Bytes> out;
  for (const CapturedMessage& m : capture.messages) {
    if (m.from_switch == by_switch) out.push_back(m.bytes);
  }
  return out;
}

TEST(Capture, WholeConnectionInOrder) {
  CaptureFile file;
  file.segment({true, 99, {}, kSyn}).segment({false, 499, {}, kSyn | kAck});
  file.segment({true, 100, join({kHello, kFeatures})}).segment({false, 500, kHello});
  file.segment({true, 116, kBarrier}).segment({false, 508, kBarrierReply}).segment({true, 124, {}, kFin | kAck});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 1u);
  const CapturedConnection& c = capture.connections[0];
  EXPECT_TRUE(c.switch_listens);
  EXPECT_EQ(c.controller, "10.0.0.1:40000");
  EXPECT_EQ(c.switch_end, "10.0.0.2:6653");
  EXPECT_EQ(c.opened_packet, 1u);
  EXPECT_EQ(c.closed_packet, 7u);
  EXPECT_EQ(c.unfinished_bytes, 0u);
  EXPECT_EQ(sent(capture, false), (Messages{kHello, kFeatures, kBarrier}));
  EXPECT_EQ(sent(capture, true), (Messages{kHello, kBarrierReply}));
  EXPECT_EQ(capture.messages[0].packet, 3u);
  EXPECT_EQ(capture.messages[0].time_us, 1003u * 1000000);
  EXPECT_EQ(capture.packets, 7u);
}

TEST(Capture, SegmentsOutOfOrderSentAgainAndOverlapping) {
  const Bytes all = join({kFeatures, kEcho, kBarrier});  // 8, 12 and 8 bytes
  const auto part = [&](std::size_t from, std::size_t to) {
    return Segment{
        true, static_cast<std::uint32_t>(from - 4),  // the numbers pass 2^32
        Bytes(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to))};
  };
  CaptureFile file;
  file.segment({true, static_cast<std::uint32_t>(-5), {}, kSyn});
  file.segment(part(20, 28)).segment(part(0, 5)).segment(part(0, 5)).segment(part(10, 22)).segment(part(3, 12));
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, kEcho, kBarrier}));
  for (const CapturedMessage& m : capture.messages) EXPECT_EQ(m.packet, 6u);  // the one that filled the gap
}

TEST(Capture, MissingBytesAreAnError) {
  CaptureFile file;
  file.segment({true, 99, {}, kSyn}).segment({true, 100, kFeatures}).segment({true, 120, kBarrier});
  EXPECT_NE(file.error().find(".pcap: packet 3, byte offset "), std::string::npos) << file.error();
  EXPECT_NE(file.error().find("12 bytes that 10.0.0.1:40000 sent before this"), std::string::npos) << file.error();
}

TEST(Capture, SeveralConnectionsAndAReusedPort) {
  CaptureFile file;
  file.segment({true, 99, {}, kSyn, 1}).segment({true, 199, {}, kSyn, 2});
  file.segment({true, 200, kBarrier, kAck, 2}).segment({true, 100, kFeatures, kAck, 1});
  file.segment({true, 108, {}, kRst, 1}).segment({true, 999, {}, kSyn, 1}).segment({true, 1000, kEcho, kAck, 1});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 3u);
  EXPECT_EQ(capture.connections[0].closed_packet, 5u);
  EXPECT_EQ(capture.connections[2].controller, "10.0.0.1:1");
  ASSERT_EQ(capture.messages.size(), 3u);
  EXPECT_EQ(capture.messages[0].connection, 1u);
  EXPECT_EQ(capture.messages[1].connection, 0u);
  EXPECT_EQ(capture.messages[2].connection, 2u);  // only an echo: known by the port that others connected to
  EXPECT_FALSE(capture.messages[2].from_switch);
}

TEST(Capture, TheSwitchConnectsOut) {
  CaptureFile file;  // here the "controller" end of the helper is the switch: it opens and answers
  file.segment({true, 99, {}, kSyn}).segment({false, 500, kBarrier}).segment({true, 100, kBarrierReply});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 1u);
  EXPECT_FALSE(capture.connections[0].switch_listens);
  EXPECT_EQ(capture.connections[0].controller, "10.0.0.2:6653");
}

TEST(Capture, WithoutItsBeginningFromTheFirstSegment) {
  CaptureFile file;
  file.segment({true, 5000, kBarrier}).segment({false, 7000, kBarrierReply});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 1u);
  EXPECT_EQ(capture.connections[0].opened_packet, 0u);
  EXPECT_EQ(sent(capture, true), Messages{kBarrierReply});
}

TEST(Capture, OtherTrafficIsCountedNotRead) {
  CaptureFile file;
  Bytes udp = Segment{}.ethernet();
  udp[14 + 9] = 17;
  file.packet(udp).packet({1, 2, 3}).packet(Segment::framed(0x0806, Bytes(28)));
  file.segment({true, 0, Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'}, kAck, 80});
  Bytes later = kBarrier;
  later[0] = 4;  // OpenFlow 1.3
  file.segment({true, 0, later, kAck, 13}).segment({true, 0, kFeatures});
  const Capture capture = file.read();
  EXPECT_EQ(capture.connections.size(), 1u);
  EXPECT_EQ(capture.other_connections, 2u);
}

TEST(Capture, EveryLinkType) {
  const Segment s{true, 100, kFeatures};
  const auto prefixed = [&](Bytes head) {
    append(head, s.ipv4());
    return head;
  };
  const std::vector<std::pair<int, Bytes>> cases = {
      {DLT_EN10MB, Segment::framed(0x8100, prefixed({0, 5, 8, 0}))},
      {DLT_EN10MB, Segment::framed(0x86dd, s.ipv6())},
      {DLT_NULL, prefixed({2, 0, 0, 0})},
      {DLT_LOOP, prefixed({0, 0, 0, 2})},
      {DLT_RAW, s.ipv4()},
      {DLT_RAW, s.ipv6()},
      {DLT_LINUX_SLL, prefixed({0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0})},
      {276, prefixed({8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0})},  // Linux cooked, version 2
  };
  for (const auto& [link_type, packet] : cases) {
    CaptureFile file(link_type);
    EXPECT_EQ(sent(file.packet(packet).read(), false), Messages{kFeatures}) << link_type;
  }
  CaptureFile unknown(DLT_IEEE802_11);
  EXPECT_NE(unknown.packet(s.ethernet()).error().find("is not understood"), std::string::npos);
}

TEST(Capture, EthernetPaddingIsNoPayload) {
  Bytes syn = Segment{true, 99, {}, kSyn}.ethernet();
  syn.resize(60);
  CaptureFile file;
  EXPECT_EQ(sent(file.packet(syn).segment({true, 100, kFeatures}).read(), false), Messages{kFeatures});
}

TEST(Capture, CutPacketsAndFragmentsAreErrors) {
  CaptureFile cut;
  cut.segment({true, 100, kFeatures}).packet(Segment{true, 108, kBarrier}.ethernet(), 58);
  // 24 bytes of file header; 16 and 62 of the first packet
  EXPECT_NE(cut.error().find("packet 2, byte offset 102: captured in part only"), std::string::npos) << cut.error();
  Bytes fragment = Segment{true, 100, kFeatures}.ethernet();
  fragment[14 + 6] = 0x20;
  CaptureFile fragments;
  EXPECT_NE(fragments.packet(fragment).error().find("packet 1, byte offset 24: a fragmented IP"), std::string::npos);
}

TEST(Capture, ATruncatedFileIsAnErrorAtTheCutPacket) {
  CaptureFile file;
  file.segment({true, 100, kFeatures}).segment({true, 108, kBarrier});
  file.close();
  const auto size = fs::file_size(file.path());
  for (const auto cut : {size - 1, size - 62, size - 70}) {  // in the data, at its beginning, in the record's header
    fs::resize_file(file.path(), cut);
    EXPECT_NE(file.error().find(".pcap: packet 2, byte offset 102: truncated"), std::string::npos) << file.error();
  }
  fs::resize_file(file.path(), 10);  // in the file's header
  EXPECT_NE(file.error().find(".pcap"), std::string::npos) << file.error();
  fs::resize_file(file.path(), 0);
  EXPECT_NE(file.error().find(".pcap"), std::string::npos) << file.error();
}

TEST(Capture, MissingAndForeignFilesAreErrors) {
  EXPECT_THROW(read_capture("/nonexistent/x.pcap"), CaptureError);
  const fs::path path = fs::path(testing::TempDir()) / "foreign.pcap";
  std::ofstream(path) << "this is no capture, however long it may be";
  EXPECT_THROW(read_capture(path.string()), CaptureError);
  fs::remove(path);
}

TEST(Capture, AStreamThatCannotBeCutFurther) {
  CaptureFile file;
  Bytes broken = message(5, 7);
  broken[3] = 4;  // length 4
  file.segment({true, 100, join({kFeatures, broken, kBarrier})}).segment({true, 124, kBarrier});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, join({broken, kBarrier})}));
  // The same from the switch is a capture of something else.
  CaptureFile other;
  other.segment({true, 100, kFeatures}).segment({false, 100, broken});
  EXPECT_NE(other.error().find("length below 8"), std::string::npos);
}

TEST(Capture, TheEndMayCutAMessage) {
  CaptureFile file;
  file.segment({true, 100, join({kFeatures, Bytes{1, 18, 0}})});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), Messages{kFeatures});
  EXPECT_EQ(capture.connections[0].unfinished_bytes, 3u);
}

// pcapng, byte by byte: section header, interface description, one enhanced packet. source: IETF
// draft-ietf-opsawg-pcapng
TEST(Capture, Pcapng) {
  const Bytes packet = Segment{true, 100, kFeatures}.ethernet();
  Bytes out;
  const auto block = [&](std::uint32_t type, const Bytes& body) {
    Bytes padded = body;
    padded.resize((body.size() + 3) / 4 * 4);
    put32(out, type);
    put32(out, static_cast<std::uint32_t>(padded.size() + 12));
    append(out, padded);
    put32(out, static_cast<std::uint32_t>(padded.size() + 12));
  };
  Bytes section, interface, enhanced;
  put32(section, 0x1a2b3c4d);
  put16(section, 1);
  put16(section, 0);
  put32(section, 0xffffffff);
  put32(section, 0xffffffff);
  put16(interface, DLT_EN10MB);
  put16(interface, 0);
  put32(interface, 0);
  put32(enhanced, 0);
  put32(enhanced, 0);
  put32(enhanced, 5000000);  // microseconds
  put32(enhanced, static_cast<std::uint32_t>(packet.size()));
  put32(enhanced, static_cast<std::uint32_t>(packet.size()));
  append(enhanced, packet);
  block(0x0a0d0d0a, section);
  block(1, interface);
  const std::size_t before = out.size();
  block(6, enhanced);
  const fs::path path = fs::path(testing::TempDir()) / "hand-made.pcapng";
  const auto write = [&](std::size_t size) {
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(out.data()), static_cast<long>(size));
  };
  write(out.size());
  const Capture capture = read_capture(path.string());
  EXPECT_EQ(sent(capture, false), Messages{kFeatures});
  EXPECT_EQ(capture.messages[0].time_us, 5000000u);
  write(before + 20);
  try {
    read_capture(path.string());
    ADD_FAILURE() << "a cut file was read";
  } catch (const CaptureError& e) {
    EXPECT_NE(std::string(e.what()).find("packet 1, byte offset "), std::string::npos) << e.what();
  }
  fs::remove(path);
}

}  // namespace
}  // namespace oftwin::harness

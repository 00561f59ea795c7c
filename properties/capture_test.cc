// Captures made by hand, with libpcap's own writer: what the reader puts together, and what it refuses and where.
#include "harness/capture.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "harness/request.h"
#include "properties/made_capture.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;
using namespace made;

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
  MadeCapture file;
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
  MadeCapture file;
  file.segment({true, static_cast<std::uint32_t>(-5), {}, kSyn});
  file.segment(part(20, 28)).segment(part(0, 5)).segment(part(0, 5)).segment(part(10, 22)).segment(part(3, 12));
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, kEcho, kBarrier}));
  for (const CapturedMessage& m : capture.messages) EXPECT_EQ(m.packet, 6u);  // the one that filled the gap
}

TEST(Capture, MissingBytesEndTheStreamThere) {
  MadeCapture file;
  file.segment({true, 99, {}, kSyn}).segment({true, 100, kFeatures}).segment({true, 120, kBarrier});
  file.segment({false, 300, kBarrierReply});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), Messages{kFeatures});
  EXPECT_EQ(sent(capture, true), Messages{kBarrierReply}) << "the other direction goes on";
  ASSERT_TRUE(capture.connections[0].controller_cut);
  EXPECT_EQ(capture.connections[0].controller_cut->packet, 3u);
  EXPECT_EQ(capture.connections[0].controller_cut->why,
            "packet 3, byte offset 172: 12 bytes before this are not in the capture");
  EXPECT_FALSE(capture.connections[0].switch_cut);
}

TEST(Capture, SeveralConnectionsAndAReusedPort) {
  MadeCapture file;
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
  MadeCapture file;  // here the "controller" end of the helper is the switch: it opens and answers
  file.segment({true, 99, {}, kSyn}).segment({false, 500, kBarrier}).segment({true, 100, kBarrierReply});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 1u);
  EXPECT_FALSE(capture.connections[0].switch_listens);
  EXPECT_EQ(capture.connections[0].controller, "10.0.0.2:6653");
}

TEST(Capture, WithoutItsBeginningFromTheFirstSegment) {
  MadeCapture file;
  file.segment({true, 5000, kBarrier}).segment({false, 7000, kBarrierReply});
  const Capture capture = file.read();
  ASSERT_EQ(capture.connections.size(), 1u);
  EXPECT_EQ(capture.connections[0].opened_packet, 0u);
  EXPECT_EQ(sent(capture, true), Messages{kBarrierReply});
}

TEST(Capture, OtherTrafficIsCountedNotRead) {
  MadeCapture file;
  Bytes udp = Segment{}.ethernet();
  udp[14 + 9] = 17;
  file.packet(udp).packet({1, 2, 3}).packet(Segment::framed(0x0806, Bytes(28)));
  file.segment({true, 0, Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'}, kAck, 80});
  Bytes later = kBarrier;
  later[0] = 4;  // OpenFlow 1.3
  file.segment({true, 0, later, kAck, 13}).segment({true, 0, kFeatures});
  Bytes tls{0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0};
  file.segment({true, 99, {}, kSyn, 443}).segment({true, 100, tls, kAck, 443});
  const Capture capture = file.read();
  EXPECT_EQ(capture.connections.size(), 1u);
  EXPECT_EQ(capture.others,
            (std::map<std::string, std::size_t>{{"OpenFlow 1.3 (0x04)", 1}, {"TLS", 1}, {"something else", 1}}));
  EXPECT_EQ(print_others(capture),
            "1 connection speaks OpenFlow 1.3 (0x04), 1 connection speaks TLS, 1 connection speaks something else");
}

TEST(Capture, EveryLinkType) {
  const Segment s{true, 100, kFeatures};
  const auto prefixed = [&](Bytes head) {
    append(head, s.ipv4());
    return head;
  };
  const std::vector<std::pair<int, Bytes>> cases = {
      {DLT_EN10MB, Segment::framed(0x8100, prefixed({0, 5, 8, 0}))},
      {DLT_EN10MB, Segment::framed(0x88a8, join({{0, 5, 0x81, 0}, prefixed({0, 6, 8, 0})}))},
      {DLT_EN10MB, Segment::framed(0x86dd, s.ipv6())},
      {DLT_NULL, prefixed({2, 0, 0, 0})},
      {DLT_LOOP, prefixed({0, 0, 0, 2})},
      {DLT_RAW, s.ipv4()},
      {DLT_RAW, s.ipv6()},
      {DLT_LINUX_SLL, prefixed({0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0})},
      {276, prefixed({8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0})},  // Linux cooked, version 2
  };
  for (const auto& [link_type, packet] : cases) {
    MadeCapture file(link_type);
    EXPECT_EQ(sent(file.packet(packet).read(), false), Messages{kFeatures}) << link_type;
  }
  MadeCapture unknown(DLT_IEEE802_11);
  EXPECT_NE(unknown.packet(s.ethernet()).error().find("is not understood"), std::string::npos);
}

TEST(Capture, EthernetPaddingIsNoPayload) {
  Bytes syn = Segment{true, 99, {}, kSyn}.ethernet();
  syn.resize(60);
  MadeCapture file;
  EXPECT_EQ(sent(file.packet(syn).segment({true, 100, kFeatures}).read(), false), Messages{kFeatures});
}

TEST(Capture, GreetingsTellTheVersion) {
  MadeCapture file;
  Bytes later = kHello, latest = kHello;
  later[0] = 4;
  latest[0] = 6;
  file.segment({true, 99, {}, kSyn, 1}).segment({true, 100, latest, kAck, 1});
  file.segment({false, 499, {}, kSyn | kAck, 1}).segment({false, 500, later, kAck, 1});
  EXPECT_EQ(print_others(file.read()), "1 connection speaks OpenFlow 1.3 (0x04)");
}

TEST(Capture, APacketCutShortEndsTheStreamThere) {
  MadeCapture cut;
  cut.segment({true, 100, kFeatures}).packet(Segment{true, 108, kBarrier}.ethernet(), 58);
  cut.segment({false, 300, kBarrierReply}).segment({true, 116, kEcho});
  const Capture capture = cut.read();
  EXPECT_EQ(sent(capture, false), Messages{kFeatures});
  EXPECT_EQ(sent(capture, true), Messages{kBarrierReply});
  ASSERT_TRUE(capture.connections[0].controller_cut);
  // 24 bytes of file header; 16 and 62 of the first packet
  EXPECT_EQ(capture.connections[0].controller_cut->why,
            "packet 2, byte offset 102: captured in part only; capture again with a larger snapshot length");
}

TEST(Capture, WhatWasSentAgainWholeIsWhole) {
  MadeCapture file;
  file.segment({true, 100, kFeatures}).packet(Segment{true, 108, kBarrier}.ethernet(), 58);
  file.segment({true, 116, kEcho}).segment({true, 108, kBarrier});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, kBarrier, kEcho}));
  EXPECT_FALSE(capture.connections[0].controller_cut);
}

TEST(Capture, APacketCutInItsHeaderEndsTheStreamThere) {
  MadeCapture file;
  file.segment({true, 100, kFeatures}).packet(Segment{true, 108, kBarrier}.ethernet(), 14 + 20 + 10);
  file.segment({true, 108, kBarrier});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), Messages{kFeatures});
  ASSERT_TRUE(capture.connections[0].controller_cut);
  EXPECT_EQ(capture.connections[0].controller_cut->packet, 2u);
}

TEST(Capture, AFragmentEndsTheStreamThere) {
  Bytes fragment = Segment{true, 108, kBarrier}.ethernet(), later = fragment;
  fragment[14 + 6] = 0x20;
  later[14 + 7] = 1;
  MadeCapture file;
  const Capture capture = file.segment({true, 100, kFeatures}).packet(fragment).packet(later).read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, kBarrier}));
  ASSERT_TRUE(capture.connections[0].controller_cut);
  EXPECT_NE(capture.connections[0].controller_cut->why.find("a fragmented IP packet"), std::string::npos);
}

TEST(Capture, ATruncatedFileIsReadUpToTheCutPacket) {
  MadeCapture file;
  file.segment({true, 100, kFeatures}).segment({true, 108, kBarrier});
  file.close();
  const auto size = fs::file_size(file.path());
  for (const auto cut : {size - 1, size - 62, size - 70}) {  // in the data, at its beginning, in the record's header
    fs::resize_file(file.path(), cut);
    const Capture capture = file.read();
    EXPECT_EQ(sent(capture, false), Messages{kFeatures});
    EXPECT_TRUE(capture.broken.starts_with("packet 2, byte offset 102: truncated")) << capture.broken;
  }
  fs::resize_file(file.path(), 10);  // in the file's header
  EXPECT_NE(file.error().find(".pcap"), std::string::npos) << file.error();
  fs::resize_file(file.path(), 0);
  EXPECT_NE(file.error().find(".pcap"), std::string::npos) << file.error();
}

TEST(Capture, AStreamFromTheMiddleOfAMessage) {
  Bytes big = message(13, 9, Bytes(100));  // a packet-out
  const Bytes tail(big.begin() + 40, big.end());
  MadeCapture file;
  file.segment({true, 5000, tail}).segment({true, 5068, kFeatures}).segment({true, 5076, kBarrier});
  EXPECT_EQ(sent(file.read(), false), (Messages{kFeatures, kBarrier}));
  // The rest of one message and a whole one in the same segment.
  MadeCapture together;
  together.segment({true, 5000, join({tail, kFeatures})}).segment({true, 5076, kBarrier});
  EXPECT_EQ(sent(together.read(), false), (Messages{kFeatures, kBarrier}));
}

TEST(Capture, PackedByGzip) {
  MadeCapture file;
  file.segment({true, 100, kFeatures}).segment({true, 108, kBarrier});
  file.close();
  const std::string packed = file.path().string() + ".gz";
  std::ifstream in(file.path(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  gzFile out = gzopen(packed.c_str(), "wb");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
  EXPECT_EQ(sent(read_capture(packed), false), (Messages{kFeatures, kBarrier}));
  fs::resize_file(packed, fs::file_size(packed) - 12);
  const Capture cut = read_capture(packed);
  EXPECT_NE(cut.broken.find("packet "), std::string::npos) << cut.broken;
  fs::remove(packed);
}

TEST(Capture, NanosecondsAndTheOtherByteOrder) {
  MadeCapture file;
  file.segment({true, 100, kFeatures});
  file.close();
  std::ifstream in(file.path(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  bytes[0] = '\x4d', bytes[1] = '\x3c';                          // 0xa1b23c4d
  bytes.replace(24 + 4, 4, std::string("\x10\x27\x00\x00", 4));  // 10,000 ns
  std::ofstream(file.path(), std::ios::binary) << bytes;
  EXPECT_EQ(read_capture(file.path().string()).messages[0].time_us, 1001u * 1000000 + 10);
  for (std::size_t at = 0; at < 24 + 16; at += at == 4 ? 2 : at == 6 ? 2 : 4) {
    const std::size_t size = at == 4 || at == 6 ? 2 : 4;
    std::reverse(bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(at + size));
  }
  std::ofstream(file.path(), std::ios::binary) << bytes;
  EXPECT_EQ(sent(read_capture(file.path().string()), false), Messages{kFeatures});
}

TEST(Capture, MissingAndForeignFilesAreErrors) {
  EXPECT_THROW(read_capture("/nonexistent/x.pcap"), CaptureError);
  const fs::path path = fs::path(testing::TempDir()) / "foreign.pcap";
  std::ofstream(path) << "this is no capture, however long it may be";
  EXPECT_THROW(read_capture(path.string()), CaptureError);
  fs::remove(path);
}

TEST(Capture, AStreamThatCannotBeCutFurther) {
  MadeCapture file;
  Bytes broken = message(5, 7);
  broken[3] = 4;  // length 4
  file.segment({true, 100, join({kFeatures, broken, kBarrier})}).segment({true, 124, kBarrier});
  const Capture capture = file.read();
  EXPECT_EQ(sent(capture, false), (Messages{kFeatures, join({broken, kBarrier})}));
  // The same from the switch is its fault, if its stream is known from the beginning.
  MadeCapture other;
  other.segment({true, 100, kFeatures}).segment({false, 99, {}, kSyn | kAck}).segment({false, 100, broken});
  const Capture by_switch = other.read();
  ASSERT_TRUE(by_switch.connections[0].switch_broke);
  EXPECT_NE(by_switch.connections[0].switch_broke->why.find("length below 8"), std::string::npos);
  EXPECT_EQ(by_switch.connections[0].switch_cut, by_switch.connections[0].switch_broke);
}

TEST(Capture, TheEndMayCutAMessage) {
  MadeCapture file;
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
  EXPECT_NE(read_capture(path.string()).broken.find("packet 1, byte offset "), std::string::npos);
  fs::remove(path);
}

}  // namespace
}  // namespace oftwin::harness

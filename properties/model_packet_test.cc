// The model's packets: what a frame looks like to a match (PKT), and what actions do to it (ACT). Frames are built here
// byte by byte, checksums are recomputed from scratch.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <initializer_list>

#include "model/action.h"
#include "model/packet.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes be(std::uint64_t value, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = size; i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return bytes;
}
Bytes zeros(std::size_t n) { return Bytes(n, 0); }

// Destination 02:00:00:00:00:0a, source 02:00:00:00:00:0b.
Bytes ethernet(std::uint16_t type) { return be(0x02000000000a, 6) + be(0x02000000000b, 6) + be(type, 2); }
Bytes tagged(std::uint16_t tci, std::uint16_t type) { return ethernet(0x8100) + be(tci, 2) + be(type, 2); }

std::uint32_t sum_of(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += bytes[i] * (i % 2 == 0 ? 256u : 1u);
  return sum;
}
std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

struct Ipv4 {
  std::uint8_t protocol = 6, tos = 0;
  std::uint16_t fragment = 0;  // flags and offset
  std::uint32_t src = 0x0a000001, dst = 0x0a000002;
  std::size_t options = 0;  // bytes, a multiple of 4
};
Bytes ipv4(const Ipv4& h, const Bytes& payload) {
  const std::size_t header = 20 + h.options;
  Bytes b = be(0x40 | header / 4, 1) + be(h.tos, 1) + be(header + payload.size(), 2) + zeros(2) + be(h.fragment, 2) +
            be(64, 1) + be(h.protocol, 1) + zeros(2) + be(h.src, 4) + be(h.dst, 4) + Bytes(h.options, 1);
  const std::uint16_t checksum = static_cast<std::uint16_t>(~folded(sum_of(b)));
  b[10] = static_cast<std::uint8_t>(checksum >> 8);
  b[11] = static_cast<std::uint8_t>(checksum);
  return b + payload;
}
std::uint16_t transport_sum(const Ipv4& h, const Bytes& segment) {
  return folded(sum_of(be(h.src, 4) + be(h.dst, 4) + be(h.protocol, 2) + be(segment.size(), 2)) + sum_of(segment));
}
Bytes tcp(const Ipv4& h, std::uint16_t src, std::uint16_t dst, const Bytes& payload = {}) {
  Bytes b = be(src, 2) + be(dst, 2) + zeros(8) + be(0x5000, 2) + zeros(6) + payload;
  const std::uint16_t checksum = static_cast<std::uint16_t>(~transport_sum(h, b));
  b[16] = static_cast<std::uint8_t>(checksum >> 8);
  b[17] = static_cast<std::uint8_t>(checksum);
  return b;
}
Bytes udp(std::uint16_t src, std::uint16_t dst, std::uint16_t checksum) {
  return be(src, 2) + be(dst, 2) + be(8, 2) + be(checksum, 2);
}
Bytes arp(std::uint16_t opcode) {
  return be(0x000108000604, 6) + be(opcode, 2) + be(0x020000000001, 6) + be(0x0a000001, 4) + be(0x020000000002, 6) +
         be(0x0a000002, 4);
}

Bytes action8(std::uint16_t type, std::uint64_t argument, std::size_t size) {
  return be(type, 2) + be(8, 2) + be(argument, size) + zeros(4 - size);
}
Bytes to_controller() { return action8(OFPAT_OUTPUT, OFPP_CONTROLLER, 2); }
Bytes set_vid(std::uint16_t vid) { return action8(OFPAT_SET_VLAN_VID, vid, 2); }
Bytes set_pcp(std::uint8_t pcp) { return action8(OFPAT_SET_VLAN_PCP, pcp, 1); }
Bytes strip() { return action8(OFPAT_STRIP_VLAN, 0, 4); }
Bytes set_nw_src(std::uint32_t a) { return action8(OFPAT_SET_NW_SRC, a, 4); }
Bytes set_nw_dst(std::uint32_t a) { return action8(OFPAT_SET_NW_DST, a, 4); }
Bytes set_tos(std::uint8_t tos) { return action8(OFPAT_SET_NW_TOS, tos, 1); }
Bytes set_tp_src(std::uint16_t p) { return action8(OFPAT_SET_TP_SRC, p, 2); }
Bytes set_tp_dst(std::uint16_t p) { return action8(OFPAT_SET_TP_DST, p, 2); }
Bytes set_dl_dst(std::uint64_t mac) { return be(OFPAT_SET_DL_DST, 2) + be(16, 2) + be(mac, 6) + zeros(6); }
Bytes enqueue(std::uint16_t port) { return be(OFPAT_ENQUEUE, 2) + be(16, 2) + be(port, 2) + zeros(10); }

// The frame as it is at each output.
std::vector<Bytes> outputs(const Bytes& frame, const Bytes& actions) {
  Clauses hit;
  EXPECT_FALSE(validate_actions(actions, {}, hit));
  Packet p = packet_of(frame, 1, 0, hit);
  std::vector<Bytes> out;
  for (ByteView rest = actions; !rest.empty();) {
    const ByteView action = take_action(rest);
    if (output_of(action, {}, hit)) {
      write(p, hit);
      out.push_back(p.frame);
    } else {
      apply(p, action, {}, hit);
    }
  }
  return out;
}
Bytes output(const Bytes& frame, const Bytes& rewrites) { return outputs(frame, rewrites + to_controller()).at(0); }

Error verdict(const Bytes& actions) {
  Clauses hit;
  return validate_actions(actions, {}, hit);
}
Error bad(OfpBadActionCode code) { return openflow_error(OFPET_BAD_ACTION, code); }

TEST(ModelPacket, PKT_1_EthernetFieldsAreAlwaysThere) {
  const FlowKey key = extract(ethernet(0x1234), 3);
  EXPECT_EQ(key.in_port, 3);
  EXPECT_EQ(key.dl_dst, 0x02000000000au);
  EXPECT_EQ(key.dl_src, 0x02000000000bu);
  EXPECT_EQ(key.dl_type, 0x1234);
  FlowKey none;
  none.in_port = 3;
  EXPECT_EQ(extract(Bytes(13, 0xff), 3), none);
}

RC_GTEST_PROP(ModelPacket, PKT_1_AFrameThatIsCutHasFewerFields, ()) {
  const Ipv4 h;
  const Bytes whole = tagged(0x2064, 0x0800) + ipv4(h, tcp(h, 1000, 80));
  const auto size = *rc::gen::inRange<std::size_t>(0, whole.size());
  const FlowKey key = extract(ByteView(whole).first(size), 1);
  RC_ASSERT((key.dl_src != 0) == (size >= 14));
  RC_ASSERT((key.vlan_tci != 0) == (size >= 18));
  RC_ASSERT((key.nw_src != 0) == (size >= 38));
  RC_ASSERT(key.tp_dst == 0);
}

TEST(ModelPacket, PKT_2_OneTagIsLookedThrough) {
  const FlowKey key = extract(tagged(0xb064, 0x1234), 1);
  EXPECT_EQ(key.vlan_tci, 0xa064 | 0x1000);  // the CFI bit says "tagged", whatever the frame's was
  EXPECT_EQ(key.dl_type, 0x1234);
  EXPECT_EQ(extract(tagged(0, 0x8100) + be(5, 2) + be(0x0800, 2), 1).dl_type, 0x8100);
  EXPECT_EQ(extract(ethernet(0x88a8) + be(5, 2) + be(0x0800, 2), 1).vlan_tci, 0);
  EXPECT_EQ(extract(ethernet(0x8100) + be(5, 2), 1).vlan_tci, 0);
  EXPECT_EQ(extract(ethernet(0x8100) + be(5, 2), 1).dl_type, 0x8100);
}

TEST(ModelPacket, PKT_3_ALengthInPlaceOfAType) {
  const Bytes snap = be(0xaaaa03000000, 6);
  EXPECT_EQ(extract(ethernet(50) + snap + be(0x0800, 2), 1).dl_type, 0x0800);
  EXPECT_EQ(extract(ethernet(50) + snap + be(0x0100, 2), 1).dl_type, 0x05ff);
  EXPECT_EQ(extract(ethernet(50) + snap, 1).dl_type, 0x05ff);
  EXPECT_EQ(extract(ethernet(50) + be(0xaaaa03000001, 6) + be(0x0800, 2), 1).dl_type, 0x05ff);
  EXPECT_EQ(extract(ethernet(50) + snap + be(0x8100, 2) + be(5, 2) + be(0x0800, 2), 1).vlan_tci, 0);
  EXPECT_EQ(extract(ethernet(50) + snap + be(0x0800, 2) + ipv4({}, {}), 1).nw_src, 0x0a000001u);
}

TEST(ModelPacket, PKT_4_Ipv4CountsWhenItsHeaderIsWhole) {
  Bytes frame = ethernet(0x0800) + ipv4({.protocol = 99, .tos = 0xff, .options = 8}, {});
  EXPECT_EQ(extract(frame, 1).nw_proto, 99);
  EXPECT_EQ(extract(frame, 1).nw_tos, 0xfc);
  EXPECT_EQ(extract(ByteView(frame).first(frame.size() - 1), 1).nw_proto, 0);
  frame[16] = 0xff;  // total length and checksum are wrong now
  EXPECT_EQ(extract(frame, 1).nw_proto, 99);
  frame[14] = 0x44;  // 16 bytes of header
  EXPECT_EQ(extract(frame, 1).nw_proto, 0);
}

TEST(ModelPacket, PKT_5_AFragmentHasNoTransportFields) {
  for (const std::uint16_t fragment : std::initializer_list<std::uint16_t>{0x2000, 0x0001, 0x2001}) {
    const Ipv4 h{.fragment = fragment};
    const Bytes frame = ethernet(0x0800) + ipv4(h, tcp(h, 1000, 80));
    EXPECT_EQ(extract(frame, 1).nw_proto, 6);
    EXPECT_EQ(extract(frame, 1).tp_dst, 0);
    const Bytes after = output(frame, set_tp_dst(443) + set_nw_src(0x0b000001));
    EXPECT_EQ(Bytes(after.begin() + 34, after.end()), Bytes(frame.begin() + 34, frame.end()));
  }
  const Ipv4 whole{.fragment = 0xc000};  // reserved, and "do not fragment"
  EXPECT_EQ(extract(ethernet(0x0800) + ipv4(whole, tcp(whole, 1000, 80)), 1).tp_dst, 80);
}

TEST(ModelPacket, PKT_6_TransportFields) {
  const auto ports = [](std::uint8_t protocol, const Bytes& segment) {
    const FlowKey key = extract(ethernet(0x0800) + ipv4({.protocol = protocol}, segment), 1);
    return std::pair(key.tp_src, key.tp_dst);
  };
  const std::pair<std::uint16_t, std::uint16_t> none{0, 0}, read{1000, 80}, icmp{3, 1};
  const Bytes segment = tcp({}, 1000, 80);
  EXPECT_EQ(ports(6, segment), read);
  EXPECT_EQ(ports(6, Bytes(segment.begin(), segment.end() - 1)), none);
  Bytes offset = segment;
  offset[12] = 0x60;  // 24 bytes of header
  EXPECT_EQ(ports(6, offset), none);
  EXPECT_EQ(ports(6, offset + zeros(4)), read);
  offset[12] = 0x40;
  EXPECT_EQ(ports(6, offset + zeros(4)), none);
  EXPECT_EQ(ports(17, udp(1000, 80, 0)), read);
  EXPECT_EQ(ports(17, be(0x03e80050000800, 7)), none);
  EXPECT_EQ(ports(1, be(0x03010000, 4)), icmp);
  EXPECT_EQ(ports(1, be(0x030100, 3)), none);
  EXPECT_EQ(ports(132, segment), none);
}

TEST(ModelPacket, PKT_7_Arp) {
  const FlowKey request = extract(ethernet(0x0806) + arp(1), 1);
  EXPECT_EQ(request.nw_proto, 1);
  EXPECT_EQ(request.nw_src, 0x0a000001u);
  EXPECT_EQ(request.nw_dst, 0x0a000002u);
  EXPECT_EQ(request.arp_sha, 0x020000000001u);
  EXPECT_EQ(request.arp_tha, 0x020000000002u);
  EXPECT_EQ(extract(ethernet(0x0806) + arp(3), 1).nw_proto, 3);
  EXPECT_EQ(extract(ethernet(0x0806) + arp(3), 1).nw_src, 0u);
  EXPECT_EQ(extract(ethernet(0x0806) + arp(0x101), 1).nw_proto, 0);
  EXPECT_EQ(extract(ethernet(0x8035) + arp(1), 1).nw_proto, 0);
  Bytes other = ethernet(0x0806) + arp(1);
  other[18] = 7;  // of hardware address length
  EXPECT_EQ(extract(other, 1).nw_proto, 0);
}

Bytes ipv6(std::uint8_t next, const Bytes& payload) {
  return be(0x6fc00000, 4) + be(payload.size(), 2) + be(next, 1) + be(64, 1) + Bytes(16, 0x11) + Bytes(16, 0x22) +
         payload;
}

TEST(ModelPacket, PKT_8_Ipv6BehindItsExtensionHeaders) {
  const auto key = [](std::uint8_t next, const Bytes& payload) {
    return extract(ethernet(0x86dd) + ipv6(next, payload), 1);
  };
  const Bytes segment = tcp({}, 1000, 80);
  EXPECT_EQ(key(6, segment).tp_dst, 80);
  EXPECT_EQ(key(6, segment).nw_tos, 0xfc);
  EXPECT_EQ(key(0, be(43, 1) + be(0, 1) + zeros(6) + be(6, 1) + be(1, 1) + zeros(14) + segment).tp_dst, 80);
  EXPECT_EQ(key(51, be(6, 1) + be(1, 1) + zeros(10) + segment).tp_dst, 80);
  EXPECT_EQ(key(60, be(6, 1) + be(9, 1) + zeros(6) + segment).nw_proto, 0);
  EXPECT_EQ(key(60, be(6, 1) + be(9, 1) + zeros(6) + segment).ipv6_src[0], 0x11);
  EXPECT_EQ(key(44, be(0x0600, 2) + be(0, 2) + zeros(4) + segment).tp_dst, 80);
  EXPECT_EQ(key(44, be(0x0600, 2) + be(1, 2) + zeros(4) + segment).nw_proto, 6);
  EXPECT_EQ(key(44, be(0x0600, 2) + be(1, 2) + zeros(4) + segment).tp_dst, 0);
  EXPECT_EQ(key(44, be(0x0600, 2) + be(8, 2) + zeros(4) + segment).nw_proto, 44);
  Bytes beyond = ethernet(0x86dd) + ipv6(6, segment);
  beyond.pop_back();
  EXPECT_EQ(extract(beyond, 1).ipv6_src, Ipv6{});
}

TEST(ModelPacket, PKT_9_NeighbourDiscovery) {
  const auto key = [](std::uint8_t type, const Bytes& options) {
    return extract(ethernet(0x86dd) + ipv6(58, be(type, 1) + zeros(7) + Bytes(16, 0x33) + options), 1);
  };
  const Bytes source = be(0x0101, 2) + be(0x020000000001, 6), target = be(0x0201, 2) + be(0x020000000002, 6);
  EXPECT_EQ(key(135, target + source).nd_target[0], 0x33);
  EXPECT_EQ(key(135, target + source).arp_sha, 0x020000000001u);
  EXPECT_EQ(key(135, target + source).arp_tha, 0x020000000002u);
  EXPECT_EQ(key(136, source + target + target).arp_sha, 0u);
  EXPECT_EQ(key(136, target).arp_tha, 0x020000000002u);
  EXPECT_EQ(key(135, source + source).nd_target[0], 0);
  EXPECT_EQ(key(135, source + source).arp_sha, 0u);
  EXPECT_EQ(key(135, be(0x0100, 2) + zeros(6) + source).nd_target[0], 0x33);
  EXPECT_EQ(key(135, be(0x0100, 2) + zeros(6) + source).arp_sha, 0u);
}

TEST(ModelPacket, ACT_1_AnActionHasTheLengthOfItsType) {
  for (std::uint16_t type = 0; type <= 11; ++type) {
    for (std::size_t length = 8; length <= 32; length += 8) {
      const Bytes list = be(type, 2) + be(length, 2) + zeros(length - 4);
      const bool long_one = type == OFPAT_SET_DL_SRC || type == OFPAT_SET_DL_DST || type == OFPAT_ENQUEUE;
      EXPECT_EQ(verdict(list), length == (long_one ? 16u : 8u) ? Error{} : bad(OFPBAC_BAD_LEN))
          << type << "/" << length;
    }
  }
  EXPECT_EQ(verdict({}), Error{});
  for (const std::size_t length : {0u, 4u, 9u, 16u}) {
    EXPECT_EQ(verdict(be(OFPAT_OUTPUT, 2) + be(length, 2) + zeros(4)), bad(OFPBAC_BAD_LEN)) << length;
  }
  EXPECT_EQ(verdict(set_vid(4096) + be(0, 3)), bad(OFPBAC_BAD_ARGUMENT));  // the first wrong one decides
  EXPECT_EQ(verdict(set_vid(1) + be(0, 3)), bad(OFPBAC_BAD_LEN));
}

TEST(ModelPacket, ACT_2_UnknownTypesAndVendors) {
  EXPECT_EQ(verdict(action8(12, 0, 4)), bad(OFPBAC_BAD_TYPE));
  EXPECT_EQ(verdict(action8(OFPAT_VENDOR, 0x1234, 4)), bad(OFPBAC_BAD_VENDOR));
}

TEST(ModelPacket, ACT_3_PortsThatAnOutputMayName) {
  for (std::uint32_t port = 0; port <= 0xffff; ++port) {
    const bool physical = port < OFPP_MAX, known = port >= OFPP_IN_PORT && port <= OFPP_LOCAL;
    const bool queued = physical || port == OFPP_IN_PORT || port == OFPP_LOCAL;
    ASSERT_EQ(verdict(action8(OFPAT_OUTPUT, port, 2)), physical || known ? Error{} : bad(OFPBAC_BAD_OUT_PORT)) << port;
    ASSERT_EQ(verdict(enqueue(static_cast<std::uint16_t>(port))), queued ? Error{} : bad(OFPBAC_BAD_OUT_PORT)) << port;
  }
}

TEST(ModelPacket, ACT_4_ArgumentsThatAreTooLarge) {
  EXPECT_EQ(verdict(set_vid(0x0fff)), Error{});
  EXPECT_EQ(verdict(set_vid(0x1000)), bad(OFPBAC_BAD_ARGUMENT));
  EXPECT_EQ(verdict(set_pcp(7)), Error{});
  EXPECT_EQ(verdict(set_pcp(8)), bad(OFPBAC_BAD_ARGUMENT));
  EXPECT_EQ(verdict(set_tos(0xfc)), Error{});
  EXPECT_EQ(verdict(set_tos(1)), bad(OFPBAC_BAD_ARGUMENT));
  EXPECT_EQ(verdict(set_tos(2)), bad(OFPBAC_BAD_ARGUMENT));
}

TEST(ModelPacket, ACT_6_RewritesShowInTheOutputsBehindThem) {
  const Bytes frame = ethernet(0x1234);
  const auto out = outputs(frame, to_controller() + set_dl_dst(0x020000000099) + to_controller());
  EXPECT_EQ(out.at(0), frame);
  EXPECT_EQ(out.at(1), be(0x020000000099, 6) + Bytes(frame.begin() + 6, frame.end()));
  // Set and set back: not even a wrong checksum or a CFI bit is touched.
  Bytes odd = tagged(0x1064, 0x0800) + ipv4({}, {});
  odd[28] = odd[29] = 0xff;
  EXPECT_EQ(output(odd, set_nw_src(1) + set_nw_src(0x0a000001) + set_vid(5) + set_vid(0x064) + set_tos(0)), odd);
}

TEST(ModelPacket, ACT_7_TheTag) {
  const Bytes bare = ethernet(0x1234), one = tagged(0x7064, 0x1234);  // vid 100, pcp 3, CFI
  EXPECT_EQ(output(bare, set_vid(5)), tagged(0x0005, 0x1234));
  EXPECT_EQ(output(bare, set_pcp(5)), tagged(0xa000, 0x1234));
  EXPECT_EQ(output(one, set_vid(5)), tagged(0x6005, 0x1234));
  EXPECT_EQ(output(one, set_pcp(5)), tagged(0xa064, 0x1234));
  EXPECT_EQ(output(one, strip()), bare);
  EXPECT_EQ(output(bare, strip()), bare);
  EXPECT_EQ(output(one, strip() + set_pcp(1)), tagged(0x2000, 0x1234));
  const Bytes two = ethernet(0x8100) + be(0x0001, 2) + be(0x8100, 2) + be(0x0002, 2) + be(0x1234, 2);
  EXPECT_EQ(output(two, strip() + strip()), tagged(0x0002, 0x1234));
  const auto out = outputs(two, strip() + to_controller() + strip() + to_controller() + set_vid(9) + to_controller());
  EXPECT_EQ(out.at(0), tagged(0x0002, 0x1234));
  EXPECT_EQ(out.at(1), tagged(0x0002, 0x1234));
  EXPECT_EQ(out.at(2), tagged(0x0009, 0x8100) + be(0x0002, 2) + be(0x1234, 2));
}

TEST(ModelPacket, ACT_8_WhereNetworkAndTransportFieldsCanBeSet) {
  const Bytes everything =
      set_nw_src(0x01010101) + set_nw_dst(0x02020202) + set_tos(0x40) + set_tp_src(7) + set_tp_dst(8);
  const Bytes icmp = be(0x08000000, 4) + zeros(4);
  for (const Bytes& frame :
       {ethernet(0x1234) + zeros(60), ethernet(0x0806) + arp(1), ethernet(0x86dd) + ipv6(6, tcp({}, 1, 2))}) {
    EXPECT_EQ(output(frame, everything), frame);
  }
  const Bytes ping = ethernet(0x0800) + ipv4({.protocol = 1, .tos = 3}, icmp);
  const Bytes expected =
      ethernet(0x0800) + ipv4({.protocol = 1, .tos = 0x43, .src = 0x01010101, .dst = 0x02020202}, icmp);
  EXPECT_EQ(output(ping, everything), expected);
  const Ipv4 before, after{.tos = 0x40, .src = 0x01010101, .dst = 0x02020202};
  EXPECT_EQ(output(ethernet(0x0800) + ipv4(before, tcp(before, 1000, 80)), everything),
            ethernet(0x0800) + ipv4(after, tcp(after, 7, 8)));
}

RC_GTEST_PROP(ModelPacket, ACT_9_ChecksumsStayRight, ()) {
  const auto any32 = rc::gen::arbitrary<std::uint32_t>();
  const auto any16 = rc::gen::arbitrary<std::uint16_t>();
  const Ipv4 before{.tos = static_cast<std::uint8_t>(*any16 & 0xff),
                    .src = *any32,
                    .dst = *any32,
                    .options = *rc::gen::element<std::size_t>(0, 4, 8)};
  const Bytes payload = *rc::gen::arbitrary<Bytes>();
  const std::uint16_t src = *any16, dst = *any16;
  const auto tos = static_cast<std::uint8_t>(*any16 & 0xfc);
  const Ipv4 after{.tos = static_cast<std::uint8_t>(tos | (before.tos & 3)),
                   .src = *any32,
                   .dst = *any32,
                   .options = before.options};
  const Bytes frame = tagged(7, 0x0800) + ipv4(before, tcp(before, *any16, *any16, payload));
  const Bytes got = output(frame, set_nw_src(after.src) + set_nw_dst(after.dst) + set_tos(tos) + set_tp_src(src) +
                                      set_tp_dst(dst) + strip());
  const Bytes want = ethernet(0x0800) + ipv4(after, tcp(after, src, dst, payload));
  const std::size_t header = 14 + 20 + after.options;
  RC_ASSERT(got.size() == want.size());
  RC_ASSERT(folded(sum_of(ByteView(got).subspan(14, header - 14))) == 0xffff);
  RC_ASSERT(transport_sum(after, Bytes(got.begin() + static_cast<std::ptrdiff_t>(header), got.end())) == 0xffff);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool checksum = i == 24 || i == 25 || i == header + 16 || i == header + 17;
    RC_ASSERT(checksum || got[i] == want[i]);
  }
}

TEST(ModelPacket, ACT_9_AUdpChecksumOfZeroStaysAndNoOtherBecomesZero) {
  const auto checksum_after = [](std::uint16_t checksum, std::uint16_t port) {
    const Bytes out = output(ethernet(0x0800) + ipv4({.protocol = 17}, udp(1, 2, checksum)), set_tp_src(port));
    return out[40] << 8 | out[41];
  };
  EXPECT_EQ(checksum_after(0, 500), 0);
  EXPECT_EQ(checksum_after(0x1001, 0x0002), 0x1000);
  EXPECT_EQ(checksum_after(0x0001, 0x0002), 0xffff);
}

}  // namespace
}  // namespace oftwin::model

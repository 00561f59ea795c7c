// The software datapath's parsing and actions. Checksums are held against a full recomputation
// (and against libtins in checksums_test.cc).
#include "datapath-sim/packet.h"
#include "properties/datapath_world.h"

namespace oftwin::sim {
namespace {

// --- Parsing ------------------------------------------------------------------------------------------------------
TEST(datapath_packets, PKT_2_one_tag_is_looked_through) {
  const Packet one = parse(tagged(0xb064, ipv4(6, tcp({}), 16)), 1);
  EXPECT_EQ(one.key.vlan_tci, 0xb064);  // the frame's CFI bit stands where "a tag is present" stands
  EXPECT_EQ(one.key.dl_type, 0x0800);
  EXPECT_EQ(one.key.tp_src, 0x50);
  EXPECT_EQ(parse(tagged(0x0064, ipv4(6, tcp({}), 16)), 1).key.vlan_tci, 0x1064);
  const Packet two = parse(kAddresses + bytes("8100 0001 8100 0002 0800"), 1);
  EXPECT_EQ(two.key.vlan_tci, 0x1001);
  EXPECT_EQ(two.key.dl_type, 0x8100);
  const Packet cut = parse(kAddresses + bytes("8100 0001 08"), 1);
  EXPECT_EQ(cut.key.vlan_tci, 0);
  EXPECT_EQ(cut.key.dl_type, 0x8100);
}

TEST(datapath_packets, PKT_3_snap_gives_the_type) {
  EXPECT_EQ(parse(kAddresses + bytes("0020 aaaa03 000000 0806 00"), 1).key.dl_type, 0x0806);
  EXPECT_EQ(parse(kAddresses + bytes("0020 aaaa03 000001 0806 00"), 1).key.dl_type, 0x05ff);
  EXPECT_EQ(parse(kAddresses + bytes("0020 aaaa03 000000 0500 00"), 1).key.dl_type, 0x05ff);
  EXPECT_EQ(parse(kAddresses + bytes("0020 aaaa03 000000 08"), 1).key.dl_type, 0x05ff);
  EXPECT_EQ(parse(kAddresses + bytes("0020"), 1).key.dl_type, 0x05ff);
}

TEST(datapath_packets, PKT_5_a_fragment_has_no_ports) {
  Bytes frame = tcp_frame();
  EXPECT_EQ(parse(frame, 1).key.tp_dst, 0x1234);
  put16(frame, 20, 0x2000);
  const Packet first = parse(frame, 1);
  EXPECT_TRUE(first.fragment);
  EXPECT_EQ(first.key.tp_dst, 0);
  EXPECT_EQ(first.key.nw_dst, 0x0a000002u);
  EXPECT_EQ(first.l4, 0u);
}

TEST(datapath_packets, PKT_7_arp_addresses_of_requests_and_replies) {
  Bytes frame = kAddresses + bytes("0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
  FlowKey key = parse(frame, 1).key;
  EXPECT_EQ(key.nw_proto, 2);
  EXPECT_EQ(key.nw_src, 0x0a000001u);
  EXPECT_EQ(key.arp_tha, 0x020000000002u);
  frame[21] = 4;
  key = parse(frame, 1).key;
  EXPECT_EQ(key.nw_proto, 4);
  EXPECT_EQ(key.nw_src, 0u);
  frame.pop_back();
  EXPECT_EQ(parse(frame, 1).key.nw_proto, 0);
}

TEST(datapath_packets, PKT_4_and_6_what_is_cut_is_not_there) {
  const auto key = [](const Bytes& frame) { return parse(frame, 1).key; };
  Bytes frame = tcp_frame();
  EXPECT_EQ(key(Bytes(frame.begin(), frame.begin() + 34)).nw_src, 0x0a000001u);
  EXPECT_EQ(key(Bytes(frame.begin(), frame.begin() + 33)).nw_src, 0u);
  EXPECT_EQ(key(Bytes(frame.begin(), frame.begin() + 54)).tp_dst, 0x1234);
  EXPECT_EQ(key(Bytes(frame.begin(), frame.begin() + 53)).tp_dst, 0);
  EXPECT_EQ(key(Bytes(frame.begin(), frame.begin() + 53)).nw_proto, 6);
  frame[46] = 0x40;  // a data offset of 16 bytes
  EXPECT_EQ(key(frame).tp_dst, 0);
  frame = tcp_frame();
  frame[14] = 0x44;
  EXPECT_EQ(key(frame).nw_proto, 0);
  const Bytes icmp = ethernet(ipv4(1, bytes("08 03 0000"), 2));
  EXPECT_EQ(key(icmp).tp_src, 8);
  EXPECT_EQ(key(icmp).tp_dst, 3);
  EXPECT_EQ(key(Bytes(icmp.begin(), icmp.end() - 1)).tp_src, 0);
}

Bytes ipv6(unsigned next, const Bytes& payload) {
  return kAddresses + bytes("86dd 62800000") + be16(static_cast<unsigned>(payload.size())) +
         Bytes{static_cast<std::uint8_t>(next), 64} + bytes("20010db8000000000000000000000001") +
         bytes("20010db8000000000000000000000002") + payload;
}

TEST(datapath_packets, PKT_8_extension_headers_are_passed) {
  const Bytes hop = bytes("2b00000000000000"), routing = bytes("3c01000000000000 0000000000000000"),
              destination = bytes("3300000000000000"), authentication = bytes("0602000000000000 0000000000000000");
  const Packet whole = parse(ipv6(0, hop + routing + destination + authentication + tcp({1, 2})), 1);
  EXPECT_EQ(whole.key.nw_proto, 6);
  EXPECT_EQ(whole.key.tp_dst, 0x1234);
  EXPECT_EQ(whole.key.nw_tos, 0x28);
  EXPECT_EQ(whole.key.ipv6_dst[15], 2);
  EXPECT_EQ(whole.l4, 0u);  // there to be matched, not to be rewritten
  const FlowKey over = parse(ipv6(0, bytes("0601000000000000")), 1).key;
  EXPECT_EQ(over.nw_proto, 0);
  EXPECT_EQ(over.ipv6_src[0], 0x20);
  const FlowKey first = parse(ipv6(44, bytes("0600000100000000") + tcp({})), 1).key;
  EXPECT_EQ(first.nw_proto, 6);
  EXPECT_EQ(first.tp_dst, 0);
  EXPECT_EQ(parse(ipv6(44, bytes("0600000800000000") + tcp({})), 1).key.nw_proto, 44);
  EXPECT_EQ(parse(ipv6(44, bytes("0600000000000000") + tcp({})), 1).key.tp_dst, 0x1234);
  Bytes longer = ipv6(6, tcp({}));
  put16(longer, 18, 21);  // the payload, by its length, passes the end
  EXPECT_EQ(parse(longer, 1).key.ipv6_src, Ipv6{});
  put16(longer, 18, 19);  // what is left of TCP is none
  EXPECT_EQ(parse(longer, 1).key.tp_dst, 0);
}

TEST(datapath_packets, PKT_9_neighbor_discovery) {
  const Bytes target = bytes("fe800000000000000000000000000009"), source = bytes("0101 020000000001"),
              link = bytes("0201 020000000002");
  const auto key = [&](const std::string& type, const Bytes& options) {
    return parse(ipv6(58, bytes(type + " 00 0000 00000000") + target + options), 1).key;
  };
  EXPECT_EQ(key("87", link + source).arp_sha, 0x020000000001u);
  EXPECT_EQ(key("87", link + source).arp_tha, 0x020000000002u);  // either kind, whichever the type
  EXPECT_EQ(key("88", link).arp_tha, 0x020000000002u);
  EXPECT_EQ(key("88", link).nd_target[15], 9);
  EXPECT_EQ(key("87", source + source).nd_target, Ipv6{});
  EXPECT_EQ(key("87", link + source + source).arp_sha, 0u);
  EXPECT_EQ(key("87", link + source + source).arp_tha, 0u);
  EXPECT_EQ(key("87", source + bytes("0100 000000000000")).arp_sha, 0x020000000001u);
  EXPECT_EQ(key("87", bytes("0102 020000000001")).nd_target[15], 9);
  EXPECT_EQ(key("86", source).nd_target, Ipv6{});
}

// --- Actions ------------------------------------------------------------------------------------------------------
TEST(datapath_packets, ACT_1_to_4_lists_are_judged_action_by_action) {
  World w;
  const auto judge = [&](const Bytes& actions) { return w.packet_out(1, tcp_frame(), actions); };
  EXPECT_EQ(judge({}), OFT_OK);
  EXPECT_EQ(judge(output(0)), OFT_OK);
  EXPECT_EQ(judge(output(0xfeff)), OFT_OK);
  EXPECT_EQ(judge(output(0xff00)), bad_action(4));
  EXPECT_EQ(judge(output(0xffff)), bad_action(4));
  EXPECT_EQ(judge(action(11, be16(kLocal) + Bytes(10))), OFT_OK);
  EXPECT_EQ(judge(action(11, be16(kController) + Bytes(10))), bad_action(4));
  EXPECT_EQ(judge(action(11, be16(1) + Bytes(2))), bad_action(1));
  EXPECT_EQ(judge(set_vid(4095)), OFT_OK);
  EXPECT_EQ(judge(set_vid(4096)), bad_action(5));
  EXPECT_EQ(judge(set_pcp(8)), bad_action(5));
  EXPECT_EQ(judge(set_tos(0xfc)), OFT_OK);
  EXPECT_EQ(judge(set_tos(0x01)), bad_action(5));
  EXPECT_EQ(judge(action(12, Bytes(4))), bad_action(0));
  EXPECT_EQ(judge(action(0xffff, bytes("00002321"))), bad_action(2));
  EXPECT_EQ(judge(action(0xffff, bytes("00002320"))), bad_action(1));
  EXPECT_EQ(judge(bytes("0000 0000 0001 0000")), bad_action(1));
  EXPECT_EQ(judge(bytes("0000 0009 0001 0000")), bad_action(1));
  EXPECT_EQ(judge(bytes("0000 0010 0001 0000")), bad_action(1));
  EXPECT_EQ(judge(bytes("0000 0008")), bad_action(1));
  EXPECT_EQ(judge(output(0xffff) + action(12, Bytes(4))), bad_action(4));  // the first wrong one is told
  EXPECT_TRUE(w.up.empty());
}

TEST(datapath_packets, ACT_7_tags_are_pushed_changed_and_taken_off) {
  World w;
  const Bytes ip = ipv4(6, tcp({}), 16);
  EXPECT_EQ(w.after(ethernet(ip), set_vid(5)), tagged(5, ip));
  EXPECT_EQ(w.after(ethernet(ip), set_pcp(3)), tagged(3 << 13, ip));
  EXPECT_EQ(w.after(tagged(0xb064, ip), set_vid(5)), tagged(0xa005, ip));     // CFI goes
  EXPECT_EQ(w.after(tagged(0xb064, ip), set_vid(0x64)), tagged(0xb064, ip));  // nothing changes
  EXPECT_EQ(w.after(tagged(0xb064, ip), set_vid(5) + set_vid(0x64)), tagged(0xb064, ip));
  EXPECT_EQ(w.after(tagged(0xb064, ip), set_vid(5) + output(2) + set_vid(0x64)), tagged(0xa064, ip));
  EXPECT_EQ(w.after(tagged(0xb064, ip), strip()), ethernet(ip));
  const Bytes doubly = kAddresses + bytes("8100 0001 8100 0002 0800") + ip;
  EXPECT_EQ(w.after(doubly, strip() + strip()), tagged(2, ip));
  EXPECT_EQ(w.after(doubly, strip() + output(2) + strip()), tagged(2, ip));
  EXPECT_EQ(w.after(doubly, strip() + output(2) + set_vid(7)), kAddresses + bytes("8100 0007 8100 0002 0800") + ip);
}

TEST(datapath_packets, ACT_9_checksums_of_udp_keep_zero_and_never_become_it) {
  World w;
  Bytes none = udp_frame();
  put16(none, 40, 0);
  const Bytes still_none = w.after(none, set_tp(9, 77));
  EXPECT_EQ(still_none[40] << 8 | still_none[41], 0);
  // Choose the port so that the sum comes out as zero: the old checksum plus the old port.
  const Bytes frame = udp_frame();
  const unsigned wanted = sum16(be16(frame[40] << 8 | frame[41]) + be16(0x35));
  const Bytes out = w.after(frame, set_tp(9, wanted));
  EXPECT_EQ(out[40] << 8 | out[41], 0xffff);
}

TEST(datapath_packets, ACT_8_fragments_and_other_protocols_keep_their_payload) {
  World w;
  Bytes fragment = tcp_frame();
  put16(fragment, 20, 0x2000);
  const Bytes out = w.after(fragment, set_ip(6, 0x01020304) + set_tp(9, 1));
  EXPECT_EQ(Bytes(out.begin() + 34, out.end()), Bytes(fragment.begin() + 34, fragment.end()));
  const Bytes arp = kAddresses + bytes("0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
  EXPECT_EQ(w.after(arp, set_ip(6, 1) + set_ip(7, 2) + set_tos(4) + set_tp(9, 1)), arp);
}

TEST(datapath_packets, ACT_9_checksums_are_those_of_a_full_recomputation) {
  World w;
  Random random;
  for (int i = 0; i < 5000; ++i) {
    const Bytes frame = random.frame();
    Bytes actions;
    for (unsigned n = 1 + random.below(6); n > 0; --n) actions = actions + random.rewrite();
    const Bytes out = w.after(frame, actions);
    const Packet p = parse(out, 1);
    ASSERT_NE(p.l4, 0u);
    EXPECT_EQ(sum16({out.begin() + static_cast<std::ptrdiff_t>(p.l3), out.begin() + static_cast<std::ptrdiff_t>(p.l4)}),
              0xffff);
    const Bytes segment(out.begin() + static_cast<std::ptrdiff_t>(p.l4), out.end());
    const Bytes pseudo = Bytes(out.begin() + static_cast<std::ptrdiff_t>(p.l3) + 12,
                               out.begin() + static_cast<std::ptrdiff_t>(p.l3) + 20) +
                         be16(p.key.nw_proto) + be16(static_cast<unsigned>(segment.size()));
    EXPECT_EQ(sum16(segment, sum16(pseudo)), 0xffff);
  }
}

}  // namespace
}  // namespace oftwin::sim

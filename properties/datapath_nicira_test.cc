// Nicira's actions in the software datapath: what is accepted, what they do, and where they end.
#include "properties/datapath_world.h"
#include "spec/nicira.h"

namespace oftwin::sim {
namespace {

using Tables = std::vector<unsigned>;
using Unseen = World::Unseen;

Bytes be32(std::uint32_t v) { return be16(v >> 16) + be16(v & 0xffff); }
Bytes be64(std::uint64_t v) { return be32(static_cast<std::uint32_t>(v >> 32)) + be32(static_cast<std::uint32_t>(v)); }

// A Nicira action; `rest` begins behind the subtype.
Bytes nicira(unsigned subtype, const Bytes& rest) { return action(0xffff, be32(NX_VENDOR_ID) + be16(subtype) + rest); }

constexpr std::uint32_t header(std::uint32_t type, std::uint32_t bytes) { return type << 9 | bytes; }
constexpr std::uint32_t kReg0 = header(NXM_NX_REG0, 4), kReg1 = header(NXM_NX_REG0 + 1, 4),
                        kTunId = header(NXM_NX_TUN_ID, 8), kVlanTci = header(NXM_OF_VLAN_TCI, 2),
                        kEthSrc = header(NXM_OF_ETH_SRC, 6), kTcpDst = header(NXM_OF_TCP_DST, 2),
                        kIpSrc = header(NXM_OF_IP_SRC, 4), kIpTos = header(NXM_OF_IP_TOS, 1),
                        kInPortHeader = header(NXM_OF_IN_PORT, 2);

unsigned bits(unsigned ofs, unsigned n) { return ofs << 6 | (n - 1); }

Bytes resubmit(unsigned in_port) { return nicira(NXAST_RESUBMIT, be16(in_port) + Bytes(4)); }
Bytes resubmit_table(unsigned in_port, std::uint8_t table, std::uint8_t pad = 0) {
  return nicira(NXAST_RESUBMIT_TABLE, be16(in_port) + Bytes{table, 0, 0, pad});
}
Bytes set_tunnel(std::uint32_t id) { return nicira(NXAST_SET_TUNNEL, be16(0) + be32(id)); }
Bytes set_tunnel64(std::uint64_t id) { return nicira(NXAST_SET_TUNNEL64, Bytes(6) + be64(id)); }
Bytes set_queue(std::uint32_t id) { return nicira(NXAST_SET_QUEUE, be16(0) + be32(id)); }
Bytes pop_queue() { return nicira(NXAST_POP_QUEUE, Bytes(6)); }
Bytes move(unsigned n, std::uint32_t from, unsigned from_ofs, std::uint32_t to, unsigned to_ofs) {
  return nicira(NXAST_REG_MOVE, be16(n) + be16(from_ofs) + be16(to_ofs) + be32(from) + be32(to));
}
Bytes load(std::uint64_t value, std::uint32_t to, unsigned ofs, unsigned n) {
  return nicira(NXAST_REG_LOAD, be16(bits(ofs, n)) + be32(to) + be64(value));
}
Bytes multipath(unsigned fields, unsigned algorithm, unsigned max_link, std::uint32_t to, unsigned ofs, unsigned n) {
  return nicira(NXAST_MULTIPATH, be16(fields) + be16(0) + be16(0) + be16(algorithm) + be16(max_link) + be32(0) +
                                     be16(0) + be16(bits(ofs, n)) + be32(to));
}
Bytes autopath(std::uint32_t id, std::uint32_t to, unsigned ofs, unsigned n) {
  return nicira(NXAST_AUTOPATH, be16(bits(ofs, n)) + be32(to) + be32(id) + be32(0));
}

struct Bundle {
  unsigned subtype = NXAST_BUNDLE, algorithm = 0, fields = 0, n = 2, ofs_nbits = 0;
  std::uint32_t type = kInPortHeader, to = 0, zero = 0;
  std::vector<unsigned> ports = {2, 3};

  Bytes encode() const {
    Bytes list;
    for (const unsigned port : ports) list = list + be16(port);
    list.resize((list.size() + 7) / 8 * 8);
    return nicira(subtype, be16(algorithm) + be16(fields) + be16(0) + be32(type) + be16(n) + be16(ofs_nbits) +
                               be32(to) + be32(zero) + list);
  }
};
Bundle bundle_load(std::uint32_t to, unsigned ofs, unsigned n) {
  return {.subtype = NXAST_BUNDLE_LOAD, .ofs_nbits = bits(ofs, n), .to = to};
}

std::vector<std::uint16_t> ports_of(const World& w) {
  std::vector<std::uint16_t> out;
  for (const auto& s : w.sent) out.push_back(s.port);
  return out;
}
using Ports = std::vector<std::uint16_t>;

// A rule in another table than the first, or one that needs more of a match than an in_port.
template <class Change>
HostRule& add(World& w, std::uint8_t table, const Bytes& actions, Change change) {
  HostRule& r = w.make(actions);
  r.base.table_id = table;
  change(r.match);
  EXPECT_EQ(w.construct(r), OFT_OK);
  return r;
}
HostRule& add(World& w, std::uint8_t table, const Bytes& actions) {
  return add(w, table, actions, [](oft_match&) {});
}
auto reg0_is(std::uint32_t value) {
  return [value](oft_match& m) {
    m.reg[0] = value;
    m.reg_mask[0] = 0xffffffff;
  };
}
auto in_port_is(std::uint16_t port) {
  return [port](oft_match& m) {
    m.in_port = port;
    m.in_port_mask = 0xffff;
  };
}

// --- What is accepted ---------------------------------------------------------------------------------------------
TEST(datapath_nicira, each_subtype_has_its_lengths) {
  World w;
  const auto judge = [&](const Bytes& actions) { return w.packet_out(1, tcp_frame(), actions); };
  struct Case {
    unsigned subtype;
    std::size_t shortest;
    bool longer;
  };
  for (const auto& [subtype, shortest, longer] :
       {Case{1, 16, false}, Case{2, 16, false}, Case{4, 16, false}, Case{5, 16, false}, Case{14, 16, false},
        Case{9, 24, false}, Case{8, 16, true}}) {
    EXPECT_EQ(judge(nicira(subtype, Bytes(shortest - 10))), OFT_OK) << subtype;
    EXPECT_EQ(judge(nicira(subtype, Bytes(shortest - 2))), longer ? OFT_OK : bad_action(1)) << subtype;
    if (shortest > 16) { EXPECT_EQ(judge(nicira(subtype, Bytes(shortest - 18))), bad_action(1)) << subtype; }
  }
  for (const auto& [subtype, right] : {std::pair{6u, 24u}, {7u, 24u}, {11u, 24u}, {10u, 32u}, {12u, 32u}, {13u, 32u}}) {
    EXPECT_EQ(judge(nicira(subtype, Bytes(right - 18))), bad_action(1)) << subtype;
    if (subtype < 12) { EXPECT_EQ(judge(nicira(subtype, Bytes(right - 2))), bad_action(1)) << subtype; }
  }
  for (const unsigned subtype : {0u, 3u, 15u, 0xffffu}) EXPECT_EQ(judge(nicira(subtype, Bytes(6))), bad_action(3));
  EXPECT_EQ(judge(action(0xffff, be32(NX_VENDOR_ID))), bad_action(1));
  EXPECT_EQ(judge(resubmit_table(1, 0, 1)), bad_action(5));
}

TEST(datapath_nicira, fields_are_named_by_their_headers_and_have_so_many_bits) {
  World w;
  const auto judge = [&](const Bytes& actions) { return w.packet_out(1, tcp_frame(), actions); };
  EXPECT_EQ(judge(load(0xffffffff, kReg0, 0, 32)), OFT_OK);
  EXPECT_EQ(judge(load(1, kReg0, 31, 1)), OFT_OK);
  EXPECT_EQ(judge(load(1, kReg0, 32, 1)), bad_action(5));
  EXPECT_EQ(judge(load(2, kReg0, 0, 1)), bad_action(5));
  EXPECT_EQ(judge(load(0, kReg0, 0, 33)), bad_action(5));
  EXPECT_EQ(judge(load(0, header(NXM_NX_REG0 + 4, 4), 0, 1)), bad_action(5));  // there are four
  EXPECT_EQ(judge(load(0, header(NXM_NX_REG0, 8), 0, 1)), bad_action(5));
  EXPECT_EQ(judge(load(0, kReg0 | 1 << 8, 0, 1)), bad_action(5));  // with a mask
  EXPECT_EQ(judge(load(~0ull, kTunId, 0, 64)), OFT_OK);
  EXPECT_EQ(judge(load(0, kInPortHeader, 0, 16)), bad_action(5));  // not to be written
  EXPECT_EQ(judge(load(0, header(NXM_OF_IP_PROTO, 1), 0, 8)), bad_action(5));
  EXPECT_EQ(judge(move(16, kInPortHeader, 0, kReg0, 0)), OFT_OK);
  EXPECT_EQ(judge(move(0, kInPortHeader, 0, kReg0, 0)), bad_action(5));
  EXPECT_EQ(judge(move(16, kInPortHeader, 1, kReg0, 0)), bad_action(5));
  EXPECT_EQ(judge(move(16, kInPortHeader, 0, kReg0, 17)), bad_action(5));
  EXPECT_EQ(judge(move(0xffff, kInPortHeader, 1, kReg0, 0)), bad_action(5));
  EXPECT_EQ(judge(move(1, header(NXM_NX_IPV6_SRC, 16), 0, kReg0, 0)), bad_action(5));  // not in an IPv4 packet
  EXPECT_EQ(judge(move(1, kReg0, 0, header(NXM_OF_ETH_TYPE, 2), 0)), bad_action(5));
}

TEST(datapath_nicira, prerequisites_are_those_of_the_match_or_of_the_packet) {
  World w;
  EXPECT_EQ(w.packet_out(1, tcp_frame(), load(1, kTcpDst, 0, 16)), OFT_OK);
  EXPECT_EQ(w.packet_out(1, udp_frame(), load(1, kTcpDst, 0, 16)), bad_action(5));
  const auto judge = [&](const Bytes& actions, std::uint16_t dl_type, std::uint8_t nw_proto) {
    HostRule& r = w.make(actions);
    r.match.dl_type = dl_type;
    r.match.nw_proto = nw_proto;
    r.match.dl_type_mask = dl_type != 0 ? 0xffff : 0;
    r.match.nw_proto_mask = nw_proto != 0 ? 0xff : 0;
    return w.construct(r);
  };
  EXPECT_EQ(judge(load(1, kTcpDst, 0, 16), 0x0800, 6), OFT_OK);
  EXPECT_EQ(judge(load(1, kTcpDst, 0, 16), 0x86dd, 6), OFT_OK);
  EXPECT_EQ(judge(load(1, kTcpDst, 0, 16), 0x0800, 17), bad_action(5));
  EXPECT_EQ(judge(load(1, kTcpDst, 0, 16), 0x0800, 0), bad_action(5));
  EXPECT_EQ(judge(load(1, kTcpDst, 0, 16), 0, 6), bad_action(5));
  EXPECT_EQ(judge(load(4, kIpTos, 0, 8), 0x86dd, 0), OFT_OK);
  EXPECT_EQ(judge(load(4, kIpSrc, 0, 8), 0x86dd, 0), bad_action(5));
  EXPECT_EQ(judge(move(32, header(NXM_OF_ARP_SPA, 4), 0, kReg0, 0), 0x0806, 0), OFT_OK);
  EXPECT_EQ(judge(move(32, header(NXM_OF_ARP_SPA, 4), 0, kReg0, 0), 0x0800, 0), bad_action(5));
  EXPECT_EQ(judge(move(48, header(NXM_NX_ND_SLL, 6), 0, kTunId, 0), 0x86dd, 58), OFT_OK);
  EXPECT_EQ(judge(move(64, header(NXM_NX_IPV6_SRC, 16), 64, kTunId, 0), 0x86dd, 0), OFT_OK);
  EXPECT_EQ(judge(move(64, header(NXM_NX_IPV6_SRC, 16), 65, kTunId, 0), 0x86dd, 0), bad_action(5));
  EXPECT_EQ(judge(move(8, header(NXM_NX_ND_TARGET, 16), 0, kTunId, 0), 0x86dd, 58), OFT_OK);
  EXPECT_EQ(judge(move(8, header(NXM_NX_ND_TARGET, 16), 0, kTunId, 0), 0x86dd, 17), bad_action(5));
  EXPECT_EQ(judge(move(48, header(NXM_NX_ND_SLL, 6), 0, kTunId, 0), 0x86dd, 6), bad_action(5));
}

TEST(datapath_nicira, multipath_autopath_and_bundles_are_judged) {
  World w;
  const auto judge = [&](const Bytes& actions) { return w.packet_out(1, tcp_frame(), actions); };
  EXPECT_EQ(judge(multipath(1, 3, 0xffff, kReg0, 16, 16)), OFT_OK);
  EXPECT_EQ(judge(multipath(0, 0, 1, kReg0, 0, 1)), OFT_OK);
  EXPECT_EQ(judge(multipath(0, 0, 2, kReg0, 0, 1)), bad_action(5));
  EXPECT_EQ(judge(multipath(2, 0, 0, kReg0, 0, 1)), bad_action(5));
  EXPECT_EQ(judge(multipath(0, 4, 0, kReg0, 0, 1)), bad_action(5));
  EXPECT_EQ(judge(multipath(0, 0, 0, kInPortHeader, 0, 1)), bad_action(5));
  EXPECT_EQ(judge(autopath(1, kReg0, 0, 16)), OFT_OK);
  EXPECT_EQ(judge(autopath(1, kReg0, 0, 15)), bad_action(5));
  EXPECT_EQ(judge(Bundle{}.encode()), OFT_OK);
  EXPECT_EQ(judge(bundle_load(kReg0, 16, 16).encode()), OFT_OK);
  EXPECT_EQ(judge(bundle_load(kReg0, 16, 15).encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.algorithm = 2}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.fields = 2}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.type = kReg0}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.zero = 1}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.to = kReg0}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.ofs_nbits = 1}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.n = 2048, .ports = std::vector(2048, 1u)}.encode()), OFT_OK);
  EXPECT_EQ(judge(Bundle{.n = 2049, .ports = std::vector(2049, 1u)}.encode()), bad_action(5));
  EXPECT_EQ(judge(Bundle{.n = 4}.encode()), OFT_OK);  // padding is room
  EXPECT_EQ(judge(Bundle{.n = 5}.encode()), bad_action(1));
  EXPECT_EQ(judge(Bundle{.algorithm = 2, .n = 5}.encode()), bad_action(1));
  EXPECT_EQ(judge(Bundle{.algorithm = 2, .n = 5, .ports = {2, kController}}.encode()), bad_action(4));
  EXPECT_EQ(judge(Bundle{.ports = {2, 0xffff}}.encode()), bad_action(4));
}

// --- What they do -------------------------------------------------------------------------------------------------
TEST(datapath_nicira, resubmit_looks_up_with_another_in_port_and_goes_on) {
  World w;
  HostRule& outer = w.add(set_vid(5) + resubmit(9) + resubmit_table(kInPort, 1) + output(2), 10, 1);
  HostRule& inner = w.add(set_pcp(3) + output(kInPort), 10, 9);
  HostRule& other = add(w, 1, output(3), in_port_is(1));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.looked_up, (std::vector<const oft_rule*>{&outer.base, &inner.base, &other.base}));
  EXPECT_EQ(w.tables_looked_up, (Tables{0, 0, 1}));
  EXPECT_EQ(ports_of(w), (Ports{1, 3, 2}));  // IN_PORT is the packet's own, and what the inner rule changed stays
  for (const auto& s : w.sent) EXPECT_EQ(s.frame, tagged(0x6005, ipv4(6, tcp({1, 2, 3, 4}), 16)));
  for (const HostRule* r : {&outer, &inner, &other}) {
    EXPECT_EQ(w.counters(*r), (std::pair<std::uint64_t, std::uint64_t>{1, tcp_frame().size()}));  // as it came in
  }
}

TEST(datapath_nicira, tables_are_the_current_one_a_named_one_or_none) {
  World w(3);
  w.add(resubmit_table(kInPort, 2) + output(3), 10, 1);
  add(w, 2, resubmit(9) + resubmit_table(9, 255) + output(2), in_port_is(1));
  add(w, 2, output(1), in_port_is(9));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.tables_looked_up, (Tables{0, 2, 2, 2}));
  EXPECT_EQ(ports_of(w), (Ports{2, 3}));
  w.tables_looked_up.clear();
  EXPECT_EQ(w.packet_out(1, tcp_frame(), resubmit_table(1, 3) + resubmit_table(7, 1)), OFT_OK);
  EXPECT_EQ(w.tables_looked_up, Tables{1});  // there is no table 3, and a miss does nothing
  EXPECT_TRUE(w.up.empty());
}

TEST(datapath_nicira, DP_14_a_buffered_packet_is_in_the_table_of_its_rule) {
  World w;
  HostRule& r = add(w, 1, resubmit(9) + output(2));
  EXPECT_EQ(w.api.rule_execute(&w.datapath, &r.base, 1, tcp_frame().data(), tcp_frame().size()), OFT_OK);
  EXPECT_EQ(w.tables_looked_up.front(), 1u);
}

TEST(datapath_nicira, registers_and_the_tunnel_are_matched_and_told) {
  World w;
  w.add(load(0x12345678, kReg0, 0, 32) + move(8, kReg0, 8, kReg1, 4) + set_tunnel(7) + resubmit_table(1, 1) +
        set_tunnel64(0x700000000) + output(2));
  add(w, 1, output(3), reg0_is(0x12345678));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(ports_of(w), (Ports{3, 2}));
  const std::array<std::uint32_t, 4> regs{0x12345678, 0x560, 0, 0};
  EXPECT_EQ(w.unseen, (std::vector<Unseen>{{7, regs}, {0x700000000, regs}}));
}

TEST(datapath_nicira, a_packet_brings_its_tunnel_and_nothing_else) {
  World w;
  HostRule& r = w.make(output(kController));
  r.match.tun_id = 42;
  r.match.tun_id_mask = ~0ull;
  EXPECT_EQ(w.construct(r), OFT_OK);
  w.datapath.packet_arrives(1, tcp_frame(), 42);
  w.api.run(&w.datapath);
  ASSERT_EQ(w.up.size(), 1u);
  EXPECT_EQ(w.up[0].reason, OFT_ACTION);
  EXPECT_EQ(w.unseen, std::vector<Unseen>{{42}});
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.up.back().reason, OFT_NO_MATCH);
  EXPECT_EQ(w.unseen.size(), 1u);
}

TEST(datapath_nicira, loads_rewrite_the_frame_where_it_has_the_field) {
  World w;
  const Bytes ip = ipv4(6, tcp({1, 2, 3, 4}), 16);
  EXPECT_EQ(w.after(tcp_frame(), load(0x1234, kTcpDst, 0, 16)), w.after(tcp_frame(), set_tp(10, 0x1234)));
  EXPECT_EQ(w.after(tcp_frame(), load(0x63, kIpSrc, 0, 8)), w.after(tcp_frame(), set_ip(6, 0x0a000063)));
  EXPECT_EQ(w.after(tcp_frame(), load(0xff, kIpTos, 0, 8)), w.after(tcp_frame(), set_tos(0xfc)));
  EXPECT_EQ(w.after(tcp_frame(), load(5, kVlanTci, 0, 12)), tcp_frame());
  EXPECT_EQ(w.after(tcp_frame(), load(5, kVlanTci, 0, 12) + load(1, kVlanTci, 12, 1)), tagged(5, ip));
  EXPECT_EQ(w.after(tcp_frame(), load(5, kVlanTci, 0, 12) + set_pcp(1)), tagged(0x2005, ip));
  EXPECT_EQ(w.after(tagged(0x2005, ip), load(0, kVlanTci, 12, 1)), tcp_frame());
  EXPECT_EQ(w.after(tcp_frame(), load(0xfe, kEthSrc, 40, 8))[6], 0xfe);
}

TEST(datapath_nicira, ACT_14_bits_of_an_ipv6_address_are_counted_from_its_end) {
  World w;
  const Bytes frame = kAddresses + bytes("86dd 60000000 0000 3b40 00112233445566778899aabbccddeeff") + Bytes(16);
  const std::uint32_t source = header(NXM_NX_IPV6_SRC, 16);
  w.after(frame, move(64, source, 0, kTunId, 0) + move(32, source, 52, kReg0, 0) + move(16, source, 112, kReg1, 0));
  EXPECT_EQ(w.unseen, (std::vector<Unseen>{{0x8899aabbccddeeff, {0x56677889, 0x0011}}}));
}

TEST(datapath_nicira, a_field_that_the_frame_lacks_changes_for_lookups_only) {
  World w;
  const Bytes arp = kAddresses + bytes("0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
  HostRule& r = w.make(output(2));
  r.match.nw_src = 0x01020304;
  r.match.nw_src_mask = 0xffffffff;
  EXPECT_EQ(w.construct(r), OFT_OK);
  EXPECT_EQ(w.packet_out(1, arp, set_ip(6, 0x01020304) + output(kTable)), OFT_OK);
  ASSERT_EQ(w.sent.size(), 1u);
  EXPECT_EQ(w.sent[0].frame, arp);
}

TEST(datapath_nicira, queues_last_until_they_are_popped) {
  World w;
  const Bytes enqueue = action(11, be16(2) + Bytes(6) + be32(4));
  w.add(set_queue(3) + output(2) + resubmit_table(1, 1) + enqueue + output(2) + pop_queue() + output(2) +
        set_queue(0xf000) + output(2));
  add(w, 1, output(2) + set_queue(8));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.sent.size(), 6u);
  const auto queue = [](std::uint32_t id) { return Unseen{0, {}, id}; };
  EXPECT_EQ(w.unseen, (std::vector<Unseen>{queue(3), queue(3), queue(4), queue(8)}));
}

TEST(datapath_nicira, the_first_live_candidate_is_taken) {
  World w;
  const auto leaves = [&](const Bytes& actions) {
    w.sent.clear();
    EXPECT_EQ(w.packet_out(1, tcp_frame(), actions), OFT_OK);
    return ports_of(w);
  };
  EXPECT_EQ(leaves(Bundle{.ports = {9, 3}}.encode()), Ports{3});
  EXPECT_EQ(leaves(Bundle{.algorithm = 1, .ports = {2, 3}}.encode()), Ports{2});
  EXPECT_EQ(leaves(Bundle{.ports = {8, 9}}.encode()), Ports{});
  EXPECT_EQ(leaves(Bundle{.n = 0}.encode()), Ports{});
  EXPECT_EQ(leaves(Bundle{.ports = {kInPort, 3}}.encode()), Ports{1});
  w.datapath.change_port(event::PortChangeKind::modify, {2, {}, "p2", 0, 1});  // its link is down
  w.api.run(&w.datapath);
  EXPECT_EQ(leaves(Bundle{}.encode()), Ports{3});
  w.unseen.clear();
  leaves(bundle_load(kReg0, 4, 20).encode() + autopath(9, kReg1, 0, 16) + output(3));
  EXPECT_EQ(w.unseen.back().reg, (std::array<std::uint32_t, 4>{0x30, 0xffff, 0, 0}));
  leaves(autopath(3, kReg0, 0, 16) + multipath(0, 0, 1, kReg0, 0, 1) + output(3));
  EXPECT_EQ(w.unseen.back().reg[0], 2u);
}

// --- Where they end -----------------------------------------------------------------------------------------------
TEST(datapath_nicira, sixteen_levels_and_no_more) {
  World w;
  HostRule& r = w.add(resubmit(1) + output(2), 10, 1);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.looked_up.size(), 17u);
  EXPECT_EQ(w.sent.size(), 17u);
  EXPECT_EQ(w.counters(r).first, 17u);
  w.looked_up.clear();
  EXPECT_EQ(w.packet_out(1, tcp_frame(), resubmit(1)), OFT_OK);
  EXPECT_EQ(w.looked_up.size(), 16u);
}

TEST(datapath_nicira, two_hundred_and_fifty_six_resubmissions_and_no_more) {
  World w;
  w.add(resubmit(1) + resubmit(1) + resubmit(1), 10, 1);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.looked_up.size(), 257u);
  w.arrive(1, tcp_frame());  // each packet has its own
  EXPECT_EQ(w.looked_up.size(), 2 * 257u);
}

TEST(datapath_nicira, so_many_copies_and_no_more) {
  World w;
  Bytes list;
  for (int i = 0; i < 5000; ++i) list = list + (i % 2 ? output(2) : output(kController));
  w.add(list, 10, 1);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.sent.size() + w.up.size(), 4096u);
  EXPECT_EQ(w.port_stats(2).tx_packets, 2048u);
}

}  // namespace
}  // namespace oftwin::sim

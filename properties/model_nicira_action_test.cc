// Nicira's actions in the model, clause by clause: which are right (ACT-10 to 13, 16), what they do (ACT-14 to 19),
// where they send a packet (DP-15 to 18). The actions are spelt as in traces.
#include <gtest/gtest.h>

#include <string>

#include "harness/action_syntax.h"
#include "harness/print.h"
#include "harness/spelling.h"
#include "model/action.h"
#include "model/datapath.h"
#include "model/step.h"
#include "spec/nicira.h"

namespace oftwin::model {
namespace {

using harness::parse_actions;

constexpr Layers kTcp{0x0800, 6}, kTcp6{0x86dd, 6}, kSolicitation{0x86dd, 58};

Bytes actions(const std::string& text) {
  const auto parsed = parse_actions(text);
  EXPECT_EQ(parsed.error, "") << text;
  return parsed.actions;
}
std::string verdict(const Bytes& list, Layers layers = kTcp) {
  Clauses hit;
  return harness::print_error(validate_actions(list, layers, hit));
}
std::string verdict(const std::string& text, Layers layers = kTcp) { return verdict(actions(text), layers); }

constexpr const char* kArgument = "BAD_ACTION/BAD_ARGUMENT";
constexpr const char* kLength = "BAD_ACTION/BAD_LEN";
constexpr const char* kType = "BAD_ACTION/BAD_VENDOR_TYPE";
constexpr const char* kPort = "BAD_ACTION/BAD_OUT_PORT";

// A Nicira action of `length` bytes, zero behind its subtype.
Bytes blank(std::uint8_t subtype, std::uint8_t length) {
  Bytes b = {0xff, 0xff, 0, length, 0, 0, 0x23, 0x20};
  if (length > 8) b.insert(b.end(), {0, subtype});
  b.resize(length);
  return b;
}

TEST(ModelNiciraAction, ACT_10_ANiciraActionHasTheLengthOfItsSubtype) {
  const std::size_t exact[] = {0, 16, 16, 0, 16, 16, 24, 24, 0, 24, 32, 24, 0, 0, 16, 0, 0};
  for (std::uint8_t subtype = 0; subtype < 17; ++subtype) {
    const bool used = subtype != 0 && subtype != 3 && subtype < 15;
    for (const std::uint8_t length : std::initializer_list<std::uint8_t>{8, 16, 24, 32, 40}) {
      const std::string got = verdict(blank(subtype, length));
      const bool any = subtype == NXAST_NOTE || ((subtype == 12 || subtype == 13) && length >= 32);
      if (length < 16) {
        EXPECT_EQ(got, kLength);
      } else if (!used) {
        EXPECT_EQ(got, kType) << int{subtype};
      } else {
        EXPECT_EQ(got == kLength, !any && length != exact[subtype]) << int{subtype} << " " << int{length} << got;
      }
    }
  }
}

TEST(ModelNiciraAction, ACT_11_WhatAMoveAndALoadMayName) {
  for (const char* right :
       {"load:5->NXM_NX_REG0[]", "load:0xff->NXM_NX_REG3[24..31]", "load:1->NXM_NX_TUN_ID[63]",
        "load:0x1005->NXM_OF_VLAN_TCI[]", "load:1->NXM_OF_IP_SRC[]", "load:1->NXM_OF_TCP_DST[]",
        "load:1->NXM_OF_ETH_DST[47]", "move:NXM_OF_IN_PORT[]->NXM_NX_REG1[0..15]",
        "move:NXM_OF_ETH_TYPE[]->NXM_NX_REG1[16..31]", "move:NXM_OF_IP_TOS[2..7]->NXM_NX_REG0[0..5]"}) {
    EXPECT_EQ(verdict(right), "ok") << right;
  }
  for (const char* wrong :
       {"load:2->NXM_NX_REG0[31]", "load:1->NXM_NX_REG0[32]", "load:1->NXM_OF_IN_PORT[]", "load:1->NXM_OF_ETH_TYPE[]",
        "load:1->NXM_OF_IP_PROTO[]", "load:1->NXM_OF_UDP_DST[]", "load:1->NXM_OF_ARP_SPA[]", "load:1->NXM_NX_ARP_SHA[]",
        "load:1->NXM_NX_IPV6_SRC[0..15]", "move:NXM_OF_UDP_SRC[]->NXM_NX_REG0[0..15]",
        "move:NXM_NX_REG0[0..15]->NXM_OF_IN_PORT[]", "move:NXM_NX_REG0[20..35]->NXM_NX_REG1[0..15]",
        "move:NXM_NX_REG0[0..15]->NXM_NX_REG1[20..35]", "move:NXM_OF_ARP_SPA[]->NXM_NX_REG0[]"}) {
    EXPECT_EQ(verdict(wrong), kArgument) << wrong;
  }
  EXPECT_EQ(verdict("load:1->NXM_OF_TCP_DST[]", kTcp6), "ok");
  EXPECT_EQ(verdict("load:1->NXM_OF_IP_SRC[]", kTcp6), kArgument);
  EXPECT_EQ(verdict("load:1->NXM_OF_IP_TOS[2]", kTcp6), "ok");
  EXPECT_EQ(verdict("load:1->NXM_OF_IP_TOS[2]", Layers{}), kArgument);
  EXPECT_EQ(verdict("move:NXM_NX_ND_SLL[]->NXM_OF_ETH_SRC[]", kSolicitation), "ok");
  EXPECT_EQ(verdict("move:NXM_NX_IPV6_SRC[64..127]->NXM_NX_TUN_ID[]", kTcp6), "ok");
  EXPECT_EQ(verdict("move:NXM_NX_IPV6_SRC[65..128]->NXM_NX_TUN_ID[]", kTcp6), kArgument);
  Bytes none = actions("move:NXM_NX_REG0[]->NXM_NX_REG1[]");
  none[11] = 0;
  EXPECT_EQ(verdict(none), kArgument) << "no bits";
  Bytes masked = actions("load:1->NXM_NX_REG0[]");
  masked[14] |= 1;
  EXPECT_EQ(verdict(masked), kArgument) << "a header with a mask";
}

TEST(ModelNiciraAction, ACT_12_WhatAMultipathAndAnAutopathMayName) {
  EXPECT_EQ(verdict("multipath(eth_src,0,hrw,2,0,NXM_NX_REG0[0])"), "ok");
  EXPECT_EQ(verdict("multipath(eth_src,0,hrw,3,0,NXM_NX_REG0[0])"), kArgument);
  EXPECT_EQ(verdict("multipath(symmetric_l4,9,iter_hash,65536,7,NXM_NX_REG0[0..15])"), "ok");
  EXPECT_EQ(verdict("multipath(eth_src,0,hrw,1,0,NXM_OF_IN_PORT[])"), kArgument);
  Bytes b = actions("multipath(eth_src,0,hrw,1,0,NXM_NX_REG0[])");
  b[17] = 4;
  EXPECT_EQ(verdict(b), kArgument) << "an unknown algorithm";
  b = actions("multipath(eth_src,0,hrw,1,0,NXM_NX_REG0[])");
  b[11] = 2;
  EXPECT_EQ(verdict(b), kArgument) << "unknown fields";
  EXPECT_EQ(verdict("autopath(1,NXM_NX_REG0[0..15])"), "ok");
  EXPECT_EQ(verdict("autopath(1,NXM_NX_REG0[0..14])"), kArgument);
}

TEST(ModelNiciraAction, ACT_13_WhatABundleMayName) {
  EXPECT_EQ(verdict("bundle(eth_src,0,hrw,ofport,slaves:1,LOCAL,IN_PORT)"), "ok");
  EXPECT_EQ(verdict("bundle(eth_src,0,hrw,ofport,slaves:)"), "ok");
  EXPECT_EQ(verdict("bundle(eth_src,0,hrw,ofport,slaves:1,CONTROLLER)"), kPort);
  EXPECT_EQ(verdict("bundle(eth_src,0,hrw,ofport,slaves:NONE)"), kPort);
  EXPECT_EQ(verdict("bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[0..15],slaves:1)"), "ok");
  EXPECT_EQ(verdict("bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[0..14],slaves:1)"), kArgument);
  Bytes b = actions("bundle(eth_src,0,hrw,ofport,slaves:1,2,3,4)");
  for (const std::size_t reserved : {11, 13, 19, 23, 27, 31}) {  // algorithm, fields, type, range, destination, zero
    Bytes wrong = b;
    wrong[reserved] = 3;
    EXPECT_EQ(verdict(wrong), kArgument) << reserved;
    wrong[21] = 5;
    EXPECT_EQ(verdict(wrong), kLength) << "room for four slaves of five, which weighs more";
    wrong[32] = 0xff;
    EXPECT_EQ(verdict(wrong), kPort) << "a wrong slave weighs most";
  }
  b[21] = 3;
  EXPECT_EQ(verdict(b), "ok") << "what is behind the slaves does not matter";
}

TEST(ModelNiciraAction, ACT_16_ReservedBytesOfResubmitTable) {
  for (const std::size_t reserved : {13, 14, 15}) {
    Bytes b = actions("resubmit(1,0)");
    b[reserved] = 1;
    EXPECT_EQ(verdict(b), kArgument);
    b[9] = NXAST_RESUBMIT;
    EXPECT_EQ(verdict(b), "ok");
  }
}

// A switch with ports 1, 2 and 3 (whose link is down), a controller that wants packet-ins whole, and the rules that a
// test puts into its three tables. What comes out is told in words.
struct World {
  State state = initial([] {
    SwitchConfig c;
    c.provider = ProviderMode::simulated;
    c.tables.resize(3);
    for (const std::uint16_t number : std::initializer_list<std::uint16_t>{1, 2, 3}) {
      PortConfig port;
      port.number = number;
      port.name = "p" + std::to_string(number);
      if (number == 3) port.state = OFPPS_LINK_DOWN;
      c.ports.push_back(port);
    }
    return c;
  }());
  Outcome out;
  Choices choices;

  World() { state.connections[0].miss_send_len = 0xffff; }

  Rule& add(std::uint32_t name, const std::string& list, std::uint8_t table = 0) {
    Rule r;
    r.name = {name, 1};
    r.table = table;
    r.priority = 100 - name;
    r.actions = actions(list);
    state.tables[table].rules.push_back(r);
    return state.tables[table].rules.back();
  }
  std::string sent_out(const std::string& list, const Bytes& frame = Bytes(60)) {
    out = {};
    Turn turn{state, choices, out};
    packet_out(turn, 1, frame, actions(list));
    return told();
  }
  std::string arrives(std::uint64_t tun_id) {
    out = {};
    Turn turn{state, choices, out};
    packet_arrives(turn, 1, Bytes(60), tun_id);
    return told();
  }
  std::string told() const {
    std::string text;
    for (const Observation& o : out.observations) {
      std::string line = harness::print_observation(o);
      if (std::holds_alternative<observation::PacketTx>(o)) line = line.substr(0, line.find(' '));
      if (std::holds_alternative<observation::Send>(o)) line = "up";
      if (line.starts_with("provider ")) line.erase(0, 9);
      text += (text.empty() ? "" : ", ") + line;
    }
    return text;
  }
};

Bytes tagged_tcp() {
  Bytes f(12);
  f.insert(f.end(), {0x81, 0, 0x20, 5, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 9, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2});
  f.insert(f.end(), {0, 80, 0, 90, 0, 0, 0, 0, 0, 0, 0, 0, 0x50});
  f.resize(60);
  return f;
}

TEST(ModelNiciraAction, ACT_14_MovesAndLoads) {
  World w;
  EXPECT_EQ(w.sent_out("load:0xabcd->NXM_NX_REG0[],load:5->NXM_NX_REG0[4..7],output:2"), "metadata reg0=0xab5d, p2");
  EXPECT_EQ(w.sent_out("load:0xabcd->NXM_NX_REG0[],move:NXM_NX_REG0[4..11]->NXM_NX_REG1[24..31],output:2"),
            "metadata reg0=0xabcd reg1=0xbc000000, p2");
  EXPECT_EQ(w.sent_out("move:NXM_OF_VLAN_TCI[]->NXM_NX_REG0[0..15],move:NXM_OF_TCP_DST[]->NXM_NX_REG1[16..31],"
                       "move:NXM_OF_IP_SRC[]->NXM_NX_REG2[],move:NXM_OF_IN_PORT[]->NXM_NX_REG3[0..15],output:2",
                       tagged_tcp()),
            "metadata reg0=0x3005 reg1=0x5a0000 reg2=0xa000001 reg3=0x1, p2");
  EXPECT_EQ(w.sent_out("load:0x7f->NXM_OF_IP_TOS[0..6],move:NXM_OF_IP_TOS[]->NXM_NX_REG0[0..7],output:2", tagged_tcp()),
            "metadata reg0=0x7c, p2");
  EXPECT_EQ(w.sent_out("load:0x1007->NXM_OF_VLAN_TCI[],mod_vlan_pcp:1,load:3->NXM_OF_ETH_SRC[0..7],output:2"), "p2");
  const Bytes frame = std::get<observation::PacketTx>(w.out.observations.at(0)).frame;
  EXPECT_EQ(harness::print_hex(ByteView(frame).subspan(6, 10)), "00000000000381002007");
}

TEST(ModelNiciraAction, ACT_15_TunnelAndQueue) {
  World w;
  EXPECT_EQ(w.sent_out("set_tunnel:7,output:2,set_tunnel64:0x100000000,output:2,set_tunnel:0,output:2"),
            "metadata tun_id=0x7, p2, metadata tun_id=0x100000000, p2, p2");
  EXPECT_EQ(w.sent_out("set_queue:4,output:2,enqueue:2:0,output:2,set_queue:61440,output:2,enqueue:2:61440,pop_queue,"
                       "output:2,enqueue:2:61439"),
            "metadata queue=4, p2, metadata queue=0, p2, metadata queue=4, p2, metadata queue=4, p2, "
            "metadata queue=4, p2, p2, metadata queue=61439, p2");
}

TEST(ModelNiciraAction, ACT_18_ABundleTakesASlaveThatIsLive) {
  World w;
  EXPECT_EQ(w.sent_out("bundle(eth_src,0,active_backup,ofport,slaves:9,3,2)"), "p2");
  EXPECT_EQ(w.sent_out("bundle(eth_src,0,active_backup,ofport,slaves:1,2)"), "") << "live, but where it came from";
  EXPECT_EQ(w.sent_out("bundle(eth_src,0,hrw,ofport,slaves:3,IN_PORT)"), "p1");
  EXPECT_EQ(w.sent_out("bundle(eth_src,0,active_backup,ofport,slaves:9,3)"), "");
  EXPECT_EQ(w.sent_out("bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[0..15],slaves:9,3),output:2"),
            "metadata reg0=0xffff, p2");
  EXPECT_EQ(w.sent_out("bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[8..31],slaves:9,2),output:2"),
            "metadata reg0=0x200, p2");
  EXPECT_EQ(w.sent_out("bundle(eth_src,0,active_backup,ofport,slaves:TABLE)"), "lookup table=0 -> miss, up");
}

TEST(ModelNiciraAction, ACT_19_Autopath) {
  World w;
  EXPECT_EQ(w.sent_out("autopath(2,NXM_NX_REG0[0..15]),autopath(9,NXM_NX_REG1[0..15]),output:2"),
            "metadata reg0=0x2 reg1=0xffff, p2");
  EXPECT_EQ(w.sent_out("load:0xffffffff->NXM_NX_REG0[],multipath(eth_src,0,hrw,9,0,NXM_NX_REG0[0..15]),output:2"),
            "metadata reg0=0xffff0000, p2");
}

TEST(ModelNiciraAction, ACT_8_TheKeyChangesWhateverThePacketIs) {
  World w;
  w.add(1, "output:2").match.nw_src = {0x0a000009, 0xffffffff};
  EXPECT_EQ(w.sent_out("mod_nw_src:10.0.0.9,output:TABLE"), "lookup table=0 -> e1, p2");
  EXPECT_EQ(std::get<observation::PacketTx>(w.out.observations.back()).frame, Bytes(60)) << "there is no IP header";
}

TEST(ModelNiciraAction, DP_15_AResubmissionLooksThePacketUpAgain) {
  World w;
  w.add(1, "load:7->NXM_NX_REG0[],resubmit:9,move:NXM_NX_REG1[]->NXM_NX_REG2[],output:2").match.in_port = {1, 0xffff};
  Rule& second = w.add(2, "load:8->NXM_NX_REG1[],resubmit(,1),output:IN_PORT");
  second.match.in_port = {9, 0xffff};
  second.match.reg[0] = {7, 0xffffffff};
  w.add(3, "resubmit:5,resubmit(6,),resubmit(6,2),resubmit(,200)", 1).match.in_port = {1, 0xffff};
  w.add(4, "set_tunnel:1", 1).match.in_port = {6, 0xffff};
  w.add(5, "set_queue:1", 2);
  EXPECT_EQ(w.arrives(0),
            "lookup table=0 -> e1, lookup table=0 -> e2, lookup table=1 -> e3, lookup table=1 -> miss, "
            "lookup table=1 -> e4, lookup table=2 -> e5, metadata tun_id=0x1 reg0=0x7 reg1=0x8 queue=1, p1, "
            "metadata tun_id=0x1 reg0=0x7 reg1=0x8 reg2=0x8 queue=1, p2");
  EXPECT_EQ(w.state.tables[1].lookup_count, 3u);
  EXPECT_EQ(w.state.tables[1].matched_count, 2u);
  EXPECT_EQ(w.state.tables[2].rules[0].bytes, 60u);
  EXPECT_EQ(w.sent_out("resubmit(,)"),
            "lookup table=0 -> e1, lookup table=0 -> e2, lookup table=1 -> e3, "
            "lookup table=1 -> miss, lookup table=1 -> e4, lookup table=2 -> e5, "
            "metadata tun_id=0x1 reg0=0x7 reg1=0x8 queue=1, p1, "
            "metadata tun_id=0x1 reg0=0x7 reg1=0x8 reg2=0x8 queue=1, p2");
  EXPECT_EQ(w.sent_out("resubmit:IN_PORT"), "lookup table=0 -> miss") << "taken literally, and no packet-in";
}

TEST(ModelNiciraAction, DP_16_HowOftenAPacketIsResubmitted) {
  World w;
  Rule& rule = w.add(1, "resubmit:1,output:2");
  w.arrives(0);
  EXPECT_EQ(rule.packets, 17u);
  EXPECT_EQ(w.state.ports[1].counters.tx_packets, 17u) << "each list goes on behind the resubmission";
  rule.packets = 0;
  w.sent_out("output:TABLE");
  EXPECT_EQ(rule.packets, 16u);
  rule.packets = 0;
  rule.actions = actions("resubmit:1,resubmit:1");
  w.arrives(0);
  EXPECT_EQ(rule.packets, 257u);
}

TEST(ModelNiciraAction, DP_17_HowManyCopiesOfAPacketLeave) {
  World w;
  EXPECT_EQ(w.sent_out("output:2*4000,output:7*100,CONTROLLER:1*95,FLOOD").substr(0, 6), "p2, p2");
  EXPECT_EQ(w.out.observations.size(), 4096u);
  EXPECT_EQ(w.state.ports[1].counters.tx_packets, 4001u);
  EXPECT_EQ(w.state.ports[2].counters.tx_packets, 0u);
}

TEST(ModelNiciraAction, DP_18_WhatDoesNotShowInTheFrame) {
  World w;
  EXPECT_EQ(w.arrives(5), "lookup table=0 -> miss, metadata tun_id=0x5, up");
  w.state.connections.clear();
  EXPECT_EQ(w.arrives(5), "lookup table=0 -> miss, metadata tun_id=0x5");
}

TEST(ModelNiciraAction, PKT_10_WhatTheKeyHasBesideTheFrame) {
  World w;
  w.add(1, "output:2").match.tun_id = {5, ~std::uint64_t{0}};
  EXPECT_EQ(w.arrives(5), "lookup table=0 -> e1, metadata tun_id=0x5, p2");
  EXPECT_EQ(w.sent_out("output:TABLE"), "lookup table=0 -> miss, up");
}

}  // namespace
}  // namespace oftwin::model

// The model's simulated datapath, clause by clause (DP): which rule a packet meets, what leaves where, what is counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "model/action.h"
#include "model/datapath.h"
#include "model/step.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint64_t kSpanningTree = 0x0180c2000000;

Bytes frame_to(std::uint64_t dl_dst, std::uint16_t type = 0x1234) {
  Bytes f(14, 0);
  for (std::size_t i = 0; i < 6; ++i) f[i] = static_cast<std::uint8_t>(dl_dst >> (40 - 8 * i));
  f[11] = 1;
  f[12] = static_cast<std::uint8_t>(type >> 8);
  f[13] = static_cast<std::uint8_t>(type);
  f.resize(64);
  return f;
}
Bytes fragment() {
  Bytes f = frame_to(2, 0x0800);
  f[14] = 0x45;
  f[20] = 0x20;
  return f;
}

Bytes output(std::uint16_t port, std::uint16_t max_len = 0xffff) {
  return {0,
          0,
          0,
          8,
          static_cast<std::uint8_t>(port >> 8),
          static_cast<std::uint8_t>(port),
          static_cast<std::uint8_t>(max_len >> 8),
          static_cast<std::uint8_t>(max_len)};
}
Bytes set_vid(std::uint8_t vid) { return {0, 1, 0, 8, 0, vid, 0, 0}; }
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A switch with ports 3, 1, 2 and LOCAL, one controller, and rules put where the test wants them. What comes out is
// told in one line: "rule 1, tx 2, miss, action 100/64".
struct World {
  State state = initial([] {
    SwitchConfig c;
    c.provider = ProviderMode::simulated;
    for (const int number : {3, int{OFPP_LOCAL}, 1, 2}) {
      PortConfig port;
      port.number = static_cast<std::uint16_t>(number);
      port.name = "p" + std::to_string(number);
      c.ports.push_back(port);
    }
    return c;
  }());
  Outcome out;
  Choices choices;
  std::vector<Bytes> frames;  // that left on ports

  World() { state.connections[0].miss_send_len = 0xffff; }

  static Rule rule(std::uint32_t name, std::uint32_t priority, const Bytes& actions, std::uint16_t in_port = 0) {
    Rule r;
    r.name = {name, 1};
    r.priority = priority;
    r.actions = actions;
    if (in_port != 0) r.match.in_port = {in_port, 0xffff};
    return r;
  }
  Rule& add(std::uint32_t name, std::uint32_t priority, const Bytes& actions, std::uint16_t in_port = 0) {
    state.tables[0].rules.push_back(rule(name, priority, actions, in_port));
    return state.tables[0].rules.back();
  }
  Operation& pend(OperationKind kind, std::uint32_t name) {
    Operation op;
    op.kind = kind;
    op.rule = {name, 1};
    state.operations.push_back(op);
    return state.operations.back();
  }
  PortConfig& port(std::uint16_t number) {
    return std::ranges::find(state.ports, number, [](const Port& p) { return p.config.number; })->config;
  }
  PortCounters counters(std::uint16_t number) {
    return std::ranges::find(state.ports, number, [](const Port& p) { return p.config.number; })->counters;
  }

  std::string arrives(std::uint16_t port, const Bytes& frame) {
    out = {};
    Turn turn{state, choices, out};
    packet_arrives(turn, port, frame, 0);
    return told();
  }
  std::string sent_out(std::uint16_t in_port, const Bytes& actions, const Bytes& frame) {
    out = {};
    Turn turn{state, choices, out};
    packet_out(turn, in_port, frame, actions);
    return told();
  }
  std::string told() {
    std::string text;
    frames.clear();
    const auto say = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
    for (const Observation& o : out.observations) {
      if (const auto* lookup = std::get_if<observation::Lookup>(&o)) {
        if (lookup->rule) say("rule " + std::to_string(lookup->rule->event));
      } else if (const auto* tx = std::get_if<observation::PacketTx>(&o)) {
        say("tx " + (tx->port == OFPP_LOCAL ? std::string("LOCAL") : std::to_string(tx->port)));
        frames.push_back(tx->frame);
      } else if (const auto* send = std::get_if<observation::Send>(&o)) {
        const ByteView m = send->bytes;
        const std::size_t sent = m.size() - wire::packet_in::size, total = m[12] << 8 | m[13];
        const bool miss = m[wire::packet_in::reason.offset] == OFPR_NO_MATCH;
        say(miss ? "miss" : "action " + std::to_string(sent) + "/" + std::to_string(total));
      }
    }
    return text;
  }
  bool hit(std::size_t clause_index) const { return out.clauses[clause_index]; }
};

TEST(ModelDatapath, DP_1_APacketMeetsTheRuleOfHighestPriority) {
  World w;
  w.add(1, 10, output(1));
  w.add(2, 20, output(2));
  w.add(3, 30, output(1), 2);
  EXPECT_EQ(w.arrives(3, frame_to(2)), "rule 2, tx 2");
  EXPECT_EQ(w.arrives(2, frame_to(2)), "rule 3, tx 1");
  w.add(4, 70000, {});
  EXPECT_EQ(w.arrives(3, frame_to(2)), "rule 4");
}

TEST(ModelDatapath, DP_2_WhileAnOperationIsInFlightOldOrNew) {
  World w;
  std::vector<std::optional<RuleName>> asked;
  std::size_t answer = 0;
  w.choices.lookup = [&](const LookupQuestion& q) {
    asked = q.candidates;
    return answer;
  };
  using Names = std::vector<std::optional<RuleName>>;
  const RuleName r1{1, 1}, r2{2, 1}, r3{3, 1};

  w.add(1, 10, {});
  w.add(2, 20, {});
  w.pend(OperationKind::add, 2);  // nothing was replaced
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1");
  EXPECT_EQ(asked, (Names{r1, r2}));
  answer = 1;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 2");
  answer = 99;  // no answer at all
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1");

  answer = 0;
  w.state.operations[0].set_aside = World::rule(3, 20, {});  // now it replaces another: one of the two is there
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 3");
  EXPECT_EQ(asked, (Names{r3, r2}));

  World removal;
  removal.choices.lookup = w.choices.lookup;
  removal.pend(OperationKind::remove, 1).set_aside = World::rule(1, 10, {});
  EXPECT_EQ(removal.arrives(1, frame_to(2)), "rule 1");
  EXPECT_EQ(asked, (Names{r1, std::nullopt}));
  answer = 1;
  EXPECT_EQ(removal.arrives(1, frame_to(2)), "miss");
  removal.add(2, 20, {});
  asked.clear();
  EXPECT_EQ(removal.arrives(1, frame_to(2)), "rule 2");
  EXPECT_TRUE(asked.empty());
}

TEST(ModelDatapath, DP_3_RulesOfEqualPriority) {
  World w;
  std::size_t asked = 0;
  w.choices.lookup = [&](const LookupQuestion& q) {
    asked = q.candidates.size();
    return 1;
  };
  w.add(1, 10, {}, 1);
  w.add(2, 10, {});
  w.add(3, 9, {});
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 2");
  EXPECT_EQ(asked, 2u);
  EXPECT_TRUE(w.hit(clause("DP-3")));
}

TEST(ModelDatapath, DP_4_APacketCountsOnceAtItsRule) {
  World w;
  w.add(1, 10, set_vid(5) + output(2) + output(3), 1);
  w.arrives(1, frame_to(2));
  w.arrives(1, frame_to(2));
  w.arrives(3, frame_to(2));
  EXPECT_EQ(w.state.tables[0].rules[0].packets, 2u);
  EXPECT_EQ(w.state.tables[0].rules[0].bytes, 128u);
  EXPECT_EQ(w.state.tables[0].lookup_count, 3u);
  EXPECT_EQ(w.state.tables[0].matched_count, 2u);
}

TEST(ModelDatapath, DP_5_AMissGoesToTheController) {
  World w;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "miss");
  w.port(1).config = OFPPC_NO_PACKET_IN;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "");
  EXPECT_EQ(w.sent_out(1, output(OFPP_TABLE), frame_to(2)), "");
  EXPECT_EQ(w.sent_out(77, output(OFPP_TABLE), frame_to(2)), "miss");
  EXPECT_EQ(w.sent_out(1, output(OFPP_CONTROLLER), frame_to(2)), "action 64/64");
}

TEST(ModelDatapath, DP_6_WhatAPortDoesNotTakeIn) {
  World w;
  w.add(1, 10, {});
  EXPECT_EQ(w.arrives(7, frame_to(2)), "");
  EXPECT_EQ(w.arrives(1, Bytes(13)), "");
  w.port(1).config = OFPPC_PORT_DOWN;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "");
  w.port(1).config = OFPPC_NO_RECV;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "");
  EXPECT_EQ(w.arrives(1, frame_to(kSpanningTree)), "rule 1");
  w.port(1).config = OFPPC_NO_RECV_STP;
  EXPECT_EQ(w.arrives(1, frame_to(kSpanningTree)), "");
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1");
  EXPECT_EQ(w.counters(1).rx_dropped, 4u);
  EXPECT_EQ(w.counters(1).rx_packets, 2u);
  EXPECT_EQ(w.counters(1).rx_bytes, 128u);
}

TEST(ModelDatapath, DP_7_WhatLeavesOnAPort) {
  World w;
  w.add(1, 10, output(1) + output(2) + output(7) + output(OFPP_LOCAL) + output(OFPP_IN_PORT));
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 2, tx LOCAL, tx 1");
  EXPECT_EQ(w.arrives(OFPP_LOCAL, frame_to(2)), "rule 1, tx 1, tx 2, tx LOCAL");
  EXPECT_EQ(w.counters(2).tx_packets, 2u);
  EXPECT_EQ(w.counters(2).tx_bytes, 128u);
  w.port(2).config = OFPPC_NO_FWD;
  w.port(1).config = OFPPC_NO_FLOOD | OFPPC_NO_RECV;
  EXPECT_EQ(w.arrives(3, frame_to(2)), "rule 1, tx 1, tx LOCAL, tx 3");
  w.port(1).config = OFPPC_PORT_DOWN;
  EXPECT_EQ(w.arrives(3, frame_to(2)), "rule 1, tx LOCAL, tx 3");
  const Bytes enqueue = {0, 11, 0, 16, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  EXPECT_EQ(w.sent_out(1, enqueue, frame_to(2)), "tx 3");
  EXPECT_EQ(w.sent_out(3, enqueue, frame_to(2)), "");
}

TEST(ModelDatapath, DP_8_FloodAndAll) {
  World w;
  w.port(2).config = OFPPC_NO_FLOOD;
  EXPECT_EQ(w.sent_out(OFPP_NONE, output(OFPP_ALL), frame_to(2)), "tx 1, tx 2, tx 3, tx LOCAL");
  EXPECT_EQ(w.sent_out(3, output(OFPP_ALL), frame_to(2)), "tx 1, tx 2, tx LOCAL");
  EXPECT_EQ(w.sent_out(3, output(OFPP_FLOOD), frame_to(2)), "tx 1, tx LOCAL");
  EXPECT_EQ(w.sent_out(3, output(OFPP_NORMAL), frame_to(2)), "tx 1, tx LOCAL");
  w.port(1).config = OFPPC_NO_FWD;
  EXPECT_EQ(w.sent_out(3, output(OFPP_ALL), frame_to(2)), "tx 2, tx LOCAL");
}

TEST(ModelDatapath, DP_9_ToTheController) {
  World w;
  w.add(1, 10, output(2) + set_vid(5) + output(OFPP_CONTROLLER, 20) + output(OFPP_CONTROLLER) + output(3));
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 2, action 20/68, action 68/68, tx 3");
  w.port(1).config = OFPPC_NO_PACKET_IN;
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 2, action 20/68, action 68/68, tx 3");
}

TEST(ModelDatapath, DP_10_ToTheTable) {
  World w;
  Rule& rule = w.add(1, 10, output(2) + set_vid(6) + output(OFPP_TABLE) + output(2));
  rule.match.vlan_tci = {0x1005, 0x1fff};
  EXPECT_EQ(w.sent_out(1, output(OFPP_TABLE) + set_vid(5) + output(OFPP_TABLE) + output(3), frame_to(2)),
            "miss, rule 1, tx 2, miss, tx 2, tx 3");
  EXPECT_EQ(w.frames.at(0)[15], 5);
  EXPECT_EQ(w.frames.at(1)[15], 6);
  EXPECT_EQ(w.frames.at(2)[15], 6);
  EXPECT_EQ(w.state.tables[0].rules[0].bytes, 64u) << "as long as it came";
}

TEST(ModelDatapath, DP_11_NewActionsFromTheCompletionOn) {
  World w;
  w.add(1, 10, output(3));
  w.pend(OperationKind::modify, 1).old_actions = output(2);
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 2");
  w.state.operations.clear();
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 3");
}

TEST(ModelDatapath, DP_12_FragmentsCanBeDropped) {
  World w;
  w.add(1, 10, output(2));
  EXPECT_EQ(w.arrives(1, fragment()), "rule 1, tx 2");
  w.state.provider.drop_fragments = true;
  EXPECT_EQ(w.arrives(1, fragment()), "");
  EXPECT_EQ(w.counters(1).rx_dropped, 1u);
  EXPECT_EQ(w.arrives(1, frame_to(2)), "rule 1, tx 2");
  EXPECT_EQ(w.sent_out(1, output(OFPP_TABLE), fragment()), "rule 1, tx 2");
}

TEST(ModelDatapath, DP_13_APacketOutRunsItsOwnList) {
  World w;
  w.port(1).config = OFPPC_PORT_DOWN | OFPPC_NO_RECV;
  EXPECT_EQ(w.sent_out(1, output(2) + set_vid(5) + output(3), frame_to(2)), "tx 2, tx 3");
  EXPECT_EQ(w.frames.at(0), frame_to(2));
  EXPECT_EQ(w.frames.at(1).size(), 68u);
  EXPECT_EQ(w.sent_out(1, output(2) + output(OFPP_TABLE), Bytes(13)), "");
  EXPECT_EQ(w.sent_out(1, {}, frame_to(2)), "");
}

TEST(ModelDatapath, DP_14_ABufferedPacketRunsThroughTheRule) {
  World w;
  w.add(1, 10, output(2) + output(OFPP_TABLE));
  w.add(2, 20, output(3));
  w.out = {};
  Turn turn{w.state, w.choices, w.out};
  execute_rule(turn, {1, 1}, 1, frame_to(2));
  EXPECT_EQ(w.told(), "tx 2, rule 2, tx 3");
  EXPECT_EQ(w.state.tables[0].rules[0].packets, 1u);
  EXPECT_EQ(w.state.tables[0].lookup_count, 1u) << "for TABLE";
  w.out = {};
  execute_rule(turn, {9, 9}, 1, frame_to(2));
  EXPECT_TRUE(w.out.observations.empty());
}

}  // namespace
}  // namespace oftwin::model

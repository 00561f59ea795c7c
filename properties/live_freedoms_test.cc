// What the law leaves open, one habit after the other: a switch that has it agrees with the law to the end of the
// scenario, one that follows the law does, too, and one that does neither is found out.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "harness/edition.h"
#include "harness/live/judge.h"
#include "harness/live/scenario.h"
#include "harness/trace_text.h"
#include "model/encode.h"
#include "model/step.h"
#include "spec/clauses.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

const std::string kEthernet = "000000000002000000000001";
const std::string kUdp = kEthernet + "08004500002000004000401100000a0000010a00000200500035000c12340badcafe";
const std::string kFragment = kEthernet + "08004500002000000001401100000a0000010a00000200500035000c12340badcafe";
const std::string kReverseArp = kEthernet + "08060001080006040103" + "0000000000010a000001" + "0000000000020a000002";

std::string packet_out(const std::string& frame, const std::string& actions = "TABLE") {
  return "c1 packet_out in_port=1 actions=" + actions + " data=" + frame + "\n\n";
}
std::string packet_out_of(const std::string& buffer) {
  return "c1 packet_out buffer_id=" + buffer + " actions=output:1\n\n";
}

// A switch: the model in another reading, with answers of its own about packet-ins, and what it does to messages.
struct Switch {
  model::Errata reading = {};
  std::function<model::PacketInForm(const model::PacketInQuestion&)> packet_in = {};
  std::function<std::size_t(const std::vector<Error>&)> fault = {};
  std::function<void(Bytes&)> alters = {};  // each message that it sends
};

Heard heard_of(const Trace& scenario, const Switch& of) {
  Heard out;
  out.replies.resize(scenario.events.size());
  out.passed_ms.resize(scenario.events.size());
  model::State state = model::initial(scenario.config, of.reading);
  model::Choices choices;
  choices.packet_in = of.packet_in;
  choices.fault = of.fault;
  for (std::size_t i = 0; i < scenario.events.size(); ++i) {
    model::Outcome outcome;
    model::step(state, scenario.events[i], choices, outcome);
    for (const Observation& o : outcome.observations) {
      const auto* send = std::get_if<observation::Send>(&o);
      if (!send) continue;
      Bytes message = send->bytes;
      if (of.alters) of.alters(message);
      Unasked& unasked = out.unasked[send->conn];
      if (message[1] == OFPT_PACKET_IN)
        unasked.packet_ins.push_back(message);
      else if (message[1] == OFPT_FLOW_REMOVED)
        unasked.flow_removed.push_back(message);
      else if (message[1] == OFPT_PORT_STATUS)
        unasked.port_status.push_back(message);
      else
        out.replies[i - i % 2].push_back(message);
    }
  }
  return out;
}

bool same(const Heard& a, const Heard& b) {
  const auto unasked = [](const Heard& h) {
    std::vector<std::deque<Bytes>> all;
    for (const auto& [conn, u] : h.unasked) all.insert(all.end(), {u.packet_ins, u.flow_removed, u.port_status});
    return all;
  };
  return a.replies == b.replies && unasked(a) == unasked(b);
}

Trace scenario(const std::string& events, const std::string& head = "tables=1 ports=1,2,3") {
  Trace trace = parse_trace("switch provider=simulated " + head + "\n\n" + events);
  // As on the wire: one loop behind each message.
  Trace out = trace;
  out.events.clear();
  for (const Event& event : trace.events) {
    if (std::holds_alternative<event::Loop>(event.body)) continue;
    out.events.push_back(event);
    out.events.push_back({0, event::Loop{0}});
  }
  return out;
}

struct Habit {
  const char* clause;
  std::string events;
  std::string head = "tables=1 ports=1,2,3";
};

void PrintTo(const Habit& habit, std::ostream* out) { *out << habit.clause; }

const std::string kFlows = "c1 stats_request flow\n\n";

std::vector<Habit> habits() {
  return {
      {"MATCH-10",
       "c1 flow_mod add nw_src=10.0.0.1 actions=output:1\n\nc1 flow_mod add nw_src=10.0.0.2 actions=output:2\n\n" +
           kFlows},
      {"MATCH-11",
       "c1 flow_mod add priority=1 in_port=1 dl_src=00:00:00:00:00:01 dl_dst=00:00:00:00:00:02 dl_vlan=0xffff "
       "dl_vlan_pcp=0 "
       "dl_type=0x0800 nw_tos=0 nw_proto=17 nw_src=10.0.0.1 nw_dst=10.0.0.2 tp_src=80 tp_dst=53 actions=output:1\n\n"
       "c1 flow_mod add priority=2 in_port=1 dl_src=00:00:00:00:00:01 dl_dst=00:00:00:00:00:02 dl_vlan=0xffff "
       "dl_vlan_pcp=0 "
       "dl_type=0x0800 nw_tos=0 nw_proto=17 nw_src=10.0.0.1 nw_dst=10.0.0.2 tp_src=80 tp_dst=53 actions=output:2\n\n" +
           kFlows},
      {"FM-6", "c1 flow_mod add actions=output:1,mod_nw_tos:4,output:2\n\n" + kFlows},
      {"FM-7", "c1 flow_mod add actions=drop\n\nc1 flow_mod delete actions=output:NONE\n\n" + kFlows},
      {"ADD-12", "c1 flow_mod add in_port=1 actions=drop\n\n" + kFlows, "tables=2 ports=1\ntable 0 wildcards=0"},
      {"DEL-6", "c1 flow_mod add actions=enqueue:2:0\n\nc1 flow_mod delete out_port=2\n\n" + kFlows},
      {"MSG-19", "c1 hello data=00\n\n"},
      {"OUT-4", "c1 packet_out in_port=65281 actions=CONTROLLER:65535 data=" + kUdp + "\n\n"},
      {"ACT-20", "c1 flow_mod add actions=output:9\n\n" + kFlows},
      {"ACT-21", "c1 flow_mod add actions=enqueue:1:0\n\n" + kFlows},
      {"ACT-22", "c1 flow_mod add actions=mod_vlan_pcp:9,CONTROLLER:65535\n\n" + packet_out(kUdp) + kFlows},
      {"STAT-18", "c1 stats_request flow table=7\n\n"},
      {"BUF-10", packet_out(kUdp) + packet_out_of("0x100") + packet_out_of("0x100")},
      {"BUF-11", "c1 flow_mod add buffer_id=0x500 actions=drop\n\n" + kFlows},
      {"BUF-12", packet_out_of("0xffffff01")},
      {"PORT-11", "c1 port_mod port=1 hw_addr=aa:55:aa:55:00:01 config=0x2 mask=0x2\n\nc1 features_request\n\n"},
      {"PKT-11",
       "c1 flow_mod add dl_type=0x0800 nw_proto=17 tp_src=0 actions=drop\n\n" + packet_out(kFragment) + kFlows},
      {"PKT-12", "c1 flow_mod add dl_type=0x0806 nw_src=10.0.0.1 actions=drop\n\n" + packet_out(kReverseArp) + kFlows},
      {"DP-21", "c1 flow_mod_table_id on\n\nc1 flow_mod add table=1 actions=drop\n\n" + packet_out(kUdp) + kFlows,
       "tables=2 ports=1"},
  };
}

class Freedom : public testing::TestWithParam<Habit> {};

TEST_P(Freedom, IsLeftToTheSwitchAndNoThirdThingIs) {
  const Habit& habit = GetParam();
  const Trace trace = scenario(habit.events, habit.head);
  const Switch other{parse_edition(habit.clause).value(), {}, {}, {}};
  const Heard lawful = heard_of(trace, {}), heard = heard_of(trace, other);
  ASSERT_FALSE(same(lawful, heard)) << "the habit does not show";
  for (const Heard* h : {&lawful, &heard}) {
    const Judgement judgement = judge(trace, *h, {});
    EXPECT_FALSE(judgement.difference) << judgement.difference->what;
    EXPECT_EQ(judgement.left, "");
    const auto at =
        std::find_if(clauses().begin(), clauses().end(), [&](const Clause& c) { return c.id == habit.clause; });
    EXPECT_TRUE(judgement.clauses[static_cast<std::size_t>(at - clauses().begin())]);
  }
  // The first thing that the two do differently, done in a third way.
  for (std::size_t i = 0; i < heard.replies.size(); ++i) {
    if (heard.replies[i] == lawful.replies[i]) continue;
    Heard third = heard;
    const Bytes& request = std::get<event::Recv>(trace.events[i].body).bytes;
    third.replies[i] = {model::encode_error(openflow_error(OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_HW_ADDR), request)};
    EXPECT_TRUE(judge(trace, third, {}).difference);
    break;
  }
}

std::string name_of(const testing::TestParamInfo<Habit>& info) {
  std::string name = info.param.clause;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(EachHabit, Freedom, testing::ValuesIn(habits()), name_of);

bool agrees(const Trace& trace, const Switch& of) { return !judge(trace, heard_of(trace, of), {}).difference; }

// --- ASYNC-5: packets handed up ------------------------------------------------------------------------------------
Switch hands_up(std::uint32_t buffer_id, std::size_t length) {
  Switch out;
  out.alters = [=](Bytes& message) {
    if (message[1] != OFPT_PACKET_IN) return;
    message.resize(wire::packet_in::size + length);
    for (std::size_t i = 0; i < 4; ++i) message[8 + i] = static_cast<std::uint8_t>(buffer_id >> (24 - 8 * i));
    message[2] = static_cast<std::uint8_t>(message.size() >> 8);
    message[3] = static_cast<std::uint8_t>(message.size());
  };
  return out;
}

TEST(Freedoms, ASYNC_5_a_miss_is_buffered_under_any_id_with_enough_of_it_or_sent_whole) {
  const Trace trace = scenario("c1 set_config miss_send_len=20\n\n" + packet_out(kUdp));
  const std::size_t whole = kUdp.size() / 2;
  const auto law = heard_of(trace, {}).unasked.begin()->second.packet_ins.at(0);
  const Bytes frame(law.begin() + wire::packet_in::size, law.end());
  ASSERT_EQ(frame.size(), 20u);
  // A switch that cuts otherwise has the rest of the frame, which the law's message lacks.
  const auto sends = [&](std::uint32_t id, std::size_t length) {
    Switch out;
    out.packet_in = [=](const model::PacketInQuestion&) { return model::PacketInForm{id, length}; };
    return out;
  };
  EXPECT_TRUE(agrees(trace, sends(7, 20)));
  EXPECT_TRUE(agrees(trace, sends(0x80000001, 33)));
  EXPECT_TRUE(agrees(trace, sends(7, whole)));
  EXPECT_TRUE(agrees(trace, sends(OFP_NO_BUFFER, whole)));
  EXPECT_FALSE(agrees(trace, hands_up(7, 19)));
  EXPECT_FALSE(agrees(trace, hands_up(OFP_NO_BUFFER, 20)));
  EXPECT_FALSE(agrees(trace, hands_up(7, whole)));  // zeros behind byte 20
}

TEST(Freedoms, ASYNC_5_what_an_action_sends_up_is_cut_to_what_was_asked_for_or_whole) {
  const Trace trace = scenario("c1 set_config miss_send_len=20\n\n" + packet_out(kUdp, "CONTROLLER:30"));
  const std::size_t whole = kUdp.size() / 2;
  const auto sends = [&](std::uint32_t id, std::size_t length) {
    Switch out;
    out.packet_in = [=](const model::PacketInQuestion&) { return model::PacketInForm{id, length}; };
    return out;
  };
  EXPECT_TRUE(agrees(trace, {}));
  EXPECT_TRUE(agrees(trace, sends(OFP_NO_BUFFER, whole)));
  EXPECT_TRUE(agrees(trace, sends(OFP_NO_BUFFER, 20)));
  EXPECT_TRUE(agrees(trace, sends(9, 30)));
  EXPECT_FALSE(agrees(trace, hands_up(OFP_NO_BUFFER, 29)));
  EXPECT_FALSE(agrees(trace, hands_up(9, 12)));
}

TEST(Freedoms, ASYNC_5_a_switch_that_says_it_buffers_nothing_buffers_nothing) {
  const Trace trace = scenario(packet_out(kUdp), "tables=1 ports=1 n_buffers=0");
  EXPECT_TRUE(agrees(trace, {}));
  EXPECT_FALSE(agrees(trace, hands_up(7, kUdp.size() / 2)));
}

TEST(Freedoms, ASYNC_5_an_id_that_the_switch_gave_is_the_one_that_it_knows) {
  const Trace trace = scenario(packet_out(kUdp) + packet_out_of("7") + packet_out_of("7") + packet_out_of("0x100"));
  Switch own;
  own.packet_in = [](const model::PacketInQuestion& q) { return model::PacketInForm{7, q.law.length}; };
  EXPECT_TRUE(agrees(trace, own));
  Heard heard = heard_of(trace, own);
  std::swap(heard.replies[2], heard.replies[6]);  // as if 7 had never been given, and 0x100 had
  EXPECT_TRUE(judge(trace, heard, {}).difference);
}

// --- Errors ----------------------------------------------------------------------------------------------------------
TEST(Freedoms, MSG_20_any_fault_of_an_action_list_may_be_told_and_no_other) {
  const Trace trace = scenario("c1 flow_mod add emerg actions=output:NONE,mod_vlan_vid:5000\n\n");
  for (std::size_t nth = 0; nth < 3; ++nth) {
    Switch out;
    out.fault = [=](const std::vector<Error>& faults) { return std::min(nth, faults.size() - 1); };
    EXPECT_TRUE(agrees(trace, out)) << nth;
  }
  Heard third = heard_of(trace, {});
  const Bytes& request = std::get<event::Recv>(trace.events[0].body).bytes;
  third.replies[0] = {model::encode_error(openflow_error(OFPET_BAD_ACTION, OFPBAC_BAD_TYPE), request)};
  EXPECT_TRUE(judge(trace, third, {}).difference);
}

TEST(Freedoms, MSG_21_an_error_may_quote_more_of_the_request_and_nothing_else) {
  const Trace trace = scenario("c1 flow_mod add actions=output:NONE\n\n");
  const Bytes request = std::get<event::Recv>(trace.events[0].body).bytes;
  const auto quotes = [&](std::size_t bytes, std::uint8_t more) {
    Switch out;
    out.alters = [=](Bytes& message) {
      message.assign(message.begin(), message.begin() + wire::error_msg::size);
      for (std::size_t i = 0; i < bytes; ++i) message.push_back(i < request.size() ? request[i] : more);
      message[3] = static_cast<std::uint8_t>(message.size());
    };
    return out;
  };
  ASSERT_GT(request.size(), 70u);
  EXPECT_TRUE(agrees(trace, quotes(64, 0)));
  EXPECT_TRUE(agrees(trace, quotes(70, 0)));
  EXPECT_TRUE(agrees(trace, quotes(request.size(), 0)));
  EXPECT_FALSE(agrees(trace, quotes(63, 0)));
  EXPECT_FALSE(agrees(trace, quotes(request.size() + 1, 0)));
}

// --- Statistics and ports
// ----------------------------------------------------------------------------------------------
TEST(Freedoms, STAT_19_a_counter_of_a_port_may_be_unknown_but_not_wrong) {
  const Trace trace = scenario("c1 stats_request port port=1\n\n");
  const auto counts = [](std::uint8_t byte) {
    Switch out;
    out.alters = [=](Bytes& message) { std::fill_n(message.end() - 8, 8, byte); };
    return out;
  };
  EXPECT_TRUE(agrees(trace, counts(0xff)));
  EXPECT_FALSE(agrees(trace, counts(0x01)));
}

TEST(Freedoms, MATCH_11_the_priority_that_a_flow_without_wildcards_is_listed_with_means_nothing) {
  const auto& all = habits();
  const auto exact =
      std::find_if(all.begin(), all.end(), [](const Habit& h) { return h.clause == std::string("MATCH-11"); });
  const auto lists_priority = [](bool wild) {
    Switch out;
    out.alters = [=](Bytes& message) {
      if (message[1] != OFPT_STATS_REPLY || message.size() < 100) return;
      message[wire::stats_msg::size + wire::flow_stats::priority.offset] = wild ? 0x12 : 0x34;
    };
    return out;
  };
  EXPECT_TRUE(agrees(scenario(exact->events), lists_priority(false)));
  EXPECT_FALSE(agrees(scenario("c1 flow_mod add in_port=1 actions=drop\n\n" + kFlows), lists_priority(true)));
}

TEST(Freedoms, PORT_12_a_port_mod_may_be_told_as_it_is_and_not_otherwise) {
  const Trace trace = scenario("c1 port_mod port=1 hw_addr=aa:55:aa:55:00:01 config=0x10 mask=0x10\n\n");
  PortConfig port = trace.config.ports[0];
  port.config = OFPPC_NO_FLOOD;
  Heard heard = heard_of(trace, {});
  EXPECT_FALSE(judge(trace, heard, {}).difference);
  // ... and when the port is configured as before, that is told as well.
  heard.unasked[trace.config.connections[0]].port_status = {
      model::encode_port_status(OFPPR_MODIFY, port), model::encode_port_status(OFPPR_MODIFY, trace.config.ports[0])};
  EXPECT_FALSE(judge(trace, heard, {}).difference) << judge(trace, heard, {}).difference->what;
  port.config = OFPPC_NO_FWD;
  heard.unasked[trace.config.connections[0]].port_status = {model::encode_port_status(OFPPR_MODIFY, port)};
  EXPECT_TRUE(judge(trace, heard, {}).difference);
}

// A habit is one for the whole scenario: who kept a match as it was sent does not normalize the next.
TEST(Freedoms, AHabitIsKept) {
  const Trace trace = scenario("c1 flow_mod add nw_src=10.0.0.1 actions=output:1\n\n" + kFlows +
                               "c1 flow_mod delete\n\nc1 flow_mod add nw_src=10.0.0.1 actions=output:1\n\n" + kFlows);
  const Switch other{parse_edition("MATCH-10").value(), {}, {}, {}};
  EXPECT_TRUE(agrees(trace, other));
  Heard mixed = heard_of(trace, other);
  mixed.replies[8] = heard_of(trace, {}).replies[8];
  EXPECT_TRUE(judge(trace, mixed, {}).difference);
}

// --- Generated scenarios ---------------------------------------------------------------------------------------------
// Buffers odd packets under ids of its own, quotes whole requests, tells the last fault instead of the first.
Switch of_own_habits(const model::Errata& reading) {
  Switch out;
  out.reading = reading;
  out.fault = [](const std::vector<Error>& faults) { return faults.size() - 1; };
  out.packet_in = [](const model::PacketInQuestion& q) {
    if (q.frame % 2 == 0) return model::PacketInForm{OFP_NO_BUFFER, q.frame};
    return model::PacketInForm{0x80000000 + static_cast<std::uint32_t>(q.frame), q.law.length};
  };
  return out;
}

std::string differing_scenarios(const Switch& of, std::uint64_t seeds, std::uint64_t& shown) {
  SwitchConfig config = parse_trace("switch tables=2 ports=1,2,3 provider=simulated\n").config;
  DrawOptions options;
  options.timed_per_10000 = 0;
  std::string out;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Trace trace = draw_scenario(seed, config, options);
    const Heard heard = heard_of(trace, of);
    shown += same(heard, heard_of(trace, {})) ? 0 : 1;
    const Judgement judgement = judge(trace, heard, {});
    if (!judgement.difference) continue;
    out += "seed " + std::to_string(seed) + ", event " + std::to_string(judgement.difference->event) + ": " +
           judgement.difference->what + "\n";
  }
  return out;
}

TEST(Freedoms, ASwitchWithAnyOneHabitAgreesInGeneratedScenarios) {
  for (const Habit& habit : habits()) {
    std::uint64_t shown = 0;
    EXPECT_EQ(differing_scenarios({parse_edition(habit.clause).value(), {}, {}, {}}, 40, shown), "") << habit.clause;
  }
}

TEST(Freedoms, ASwitchWithAllHabitsAtOnceAgreesInGeneratedScenarios) {
  std::string all;
  for (const Habit& habit : habits()) all += (all.empty() ? "" : ",") + std::string(habit.clause);
  std::uint64_t shown = 0;
  EXPECT_EQ(differing_scenarios(of_own_habits(parse_edition(all).value()), 100, shown), "");
  EXPECT_GT(shown, 90u);  // its habits show in nearly every scenario
}

}  // namespace
}  // namespace oftwin::harness::live

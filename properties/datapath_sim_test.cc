// The software datapath's ports, rules and operations, through the provider's function table.
#include <cerrno>

#include "datapath-sim/packet.h"
#include "properties/datapath_world.h"

namespace oftwin::sim {
namespace {

// --- Ports --------------------------------------------------------------------------------------------------------
std::vector<std::uint16_t> ports_of(const std::vector<World::Sent>& sent) {
  std::vector<std::uint16_t> out;
  for (const auto& s : sent) out.push_back(s.port);
  return out;
}
using Ports = std::vector<std::uint16_t>;

TEST(datapath_sim, DP_7_and_8_where_frames_leave) {
  World w;
  const auto leaves = [&](std::uint16_t in_port, const Bytes& actions) {
    w.sent.clear();
    EXPECT_EQ(w.packet_out(in_port, tcp_frame(), actions), OFT_OK);
    return ports_of(w.sent);
  };
  EXPECT_EQ(leaves(2, output(kAll)), (Ports{1, 3, kLocal}));
  EXPECT_EQ(leaves(0xffff, output(kFlood)), (Ports{1, 2, 3, kLocal}));
  EXPECT_EQ(leaves(1, output(1)), Ports{});
  EXPECT_EQ(leaves(1, output(kInPort)), Ports{1});
  EXPECT_EQ(leaves(9, output(kInPort)), Ports{});
  EXPECT_EQ(leaves(1, output(9) + output(kLocal)), Ports{kLocal});
  EXPECT_EQ(leaves(kLocal, output(kLocal)), Ports{});
  EXPECT_EQ(leaves(1, action(11, be16(2) + Bytes(10))), Ports{2});
  w.api.port_reconfigured(&w.datapath, 2, 0, 1 << 4);  // NO_FLOOD
  EXPECT_EQ(leaves(1, output(kFlood)), (Ports{3, kLocal}));
  EXPECT_EQ(leaves(1, output(0xfffa)), (Ports{3, kLocal}));
  EXPECT_EQ(leaves(1, output(kAll)), (Ports{2, 3, kLocal}));
  w.api.port_reconfigured(&w.datapath, 2, 0, 1 << 5);  // NO_FWD
  EXPECT_EQ(leaves(1, output(kAll) + output(2)), (Ports{3, kLocal}));
  EXPECT_EQ(leaves(2, output(kInPort)), Ports{});
}

TEST(datapath_sim, DP_6_what_a_port_does_not_take_in) {
  World w;
  w.arrive(1, Bytes(13));
  w.arrive(77, tcp_frame());
  w.api.port_reconfigured(&w.datapath, 1, 0, 1 << 2);  // NO_RECV
  w.arrive(1, tcp_frame());
  EXPECT_TRUE(w.up.empty());
  EXPECT_TRUE(w.looked_up.empty());
  const Bytes stp = bytes("0180c2000000 020000000001 0026 424203");
  w.arrive(1, stp);
  EXPECT_EQ(w.up.size(), 1u);
  EXPECT_EQ(w.port_stats(1).rx_dropped, 2u);
  EXPECT_EQ(w.port_stats(1).rx_packets, 1u);
  EXPECT_EQ(w.port_stats(1).rx_bytes, stp.size());
}

TEST(datapath_sim, DP_12_fragments_are_dropped_when_asked) {
  World w;
  Bytes fragment = tcp_frame();
  put16(fragment, 20, 0x0001);
  w.api.set_drop_frags(&w.datapath, 1);
  w.arrive(1, fragment);
  EXPECT_TRUE(w.looked_up.empty());
  w.api.set_drop_frags(&w.datapath, 0);
  w.arrive(1, fragment);
  EXPECT_EQ(w.looked_up.size(), 1u);
}

// --- Lookups and rules --------------------------------------------------------------------------------------------
TEST(datapath_sim, DP_4_a_packet_counts_once_at_its_rule) {
  World w;
  HostRule& low = w.add(output(2), 10);
  HostRule& high = w.add(set_vid(1) + output(kController, 20), 20, 1);
  w.arrive(1, tcp_frame());
  w.arrive(2, tcp_frame());
  const auto octets = static_cast<std::uint64_t>(tcp_frame().size());
  EXPECT_EQ(w.counters(high), (std::pair<std::uint64_t, std::uint64_t>{1, octets}));
  EXPECT_EQ(w.counters(low), (std::pair<std::uint64_t, std::uint64_t>{1, octets}));
  ASSERT_EQ(w.up.size(), 1u);
  EXPECT_EQ(w.up[0].frame.size(), octets + 4);
  EXPECT_EQ(w.up[0].send_len, 20);
  EXPECT_EQ(w.up[0].reason, OFT_ACTION);
  EXPECT_EQ(w.looked_up, (std::vector<const oft_rule*>{&high.base, &low.base}));
  oft_table_info info{};
  w.arrive(1, tcp_frame());
  w.remove(low);
  w.arrive(3, tcp_frame());
  w.api.get_table_info(&w.datapath, 0, &info);
  EXPECT_EQ(info.lookup_count, 4u);
  EXPECT_EQ(info.matched_count, 3u);
}

TEST(datapath_sim, DP_10_to_the_table) {
  World w;
  w.add(set_tp(10, 99) + output(kTable) + output(3), 10, 1);
  EXPECT_EQ(w.packet_out(1, tcp_frame(), output(kTable) + output(2)), OFT_OK);
  ASSERT_EQ(ports_of(w.sent), (Ports{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2}));
  EXPECT_EQ(w.sent[0].frame, w.sent[16].frame);  // what the rule changed stays changed
  EXPECT_NE(w.sent[0].frame, tcp_frame());
  EXPECT_EQ(w.looked_up.size(), 16u);  // in a rule, too, until it has gone too deep
  EXPECT_EQ(w.packet_out(2, tcp_frame(), output(kTable)), OFT_OK);
  ASSERT_EQ(w.up.size(), 1u);
  EXPECT_EQ(w.up[0].reason, OFT_NO_MATCH);
}

TEST(datapath_sim, DP_2_a_victim_holds_until_its_replacement_has_succeeded) {
  World w;
  HostRule& old = w.add(output(2));
  w.arrive(1, tcp_frame());
  w.datapath.plan(OperationKind::add, {AnswerKind::pending, {}});
  HostRule& other = w.make(output(3));
  EXPECT_EQ(w.construct(other, &old), OFT_OK);
  w.arrive(1, tcp_frame());
  w.datapath.complete(&other.base, openflow_error(3, 0));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.done.back(), (Done{&other, OFT_ERROR_OPENFLOW(3, 0)}));
  EXPECT_EQ(ports_of(w.sent), (Ports{2, 2, 2}));
  w.dealloc(other);
  HostRule& third = w.make(output(3));
  EXPECT_EQ(w.construct(third, &old), OFT_OK);
  w.dealloc(old);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.sent.back().port, 3);
  EXPECT_EQ(w.counters(third).first, 1u);  // not the victim's
}

TEST(datapath_sim, DP_11_new_actions_from_the_completion_on) {
  World w;
  HostRule& r = w.add(output(2));
  w.datapath.policy(OperationKind::modify, {AnswerKind::pending, {}});
  w.modify(r, output(3));
  w.arrive(1, tcp_frame());
  w.datapath.complete(&r.base, {});
  w.arrive(1, tcp_frame());
  w.modify(r, output(2));
  w.datapath.complete(&r.base, system_error(ENOMEM));
  w.arrive(1, tcp_frame());
  EXPECT_EQ(ports_of(w.sent), (Ports{2, 3, 3}));
  EXPECT_EQ(w.done.back(), (Done{&r, OFT_ERROR_ERRNO(ENOMEM)}));
  w.modify(r, output(0xffff));  // refused by the datapath itself, whatever the policy
  EXPECT_EQ(w.done.back(), (Done{&r, bad_action(4)}));
}

TEST(datapath_sim, DP_2_a_removed_rule_holds_until_the_removal_is_complete) {
  World w;
  HostRule& r = w.add(output(2));
  w.datapath.latency(OperationKind::remove, 50);
  w.remove(r);
  EXPECT_EQ(w.api.run_at(&w.datapath), 1050u);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.looked_up.back(), &r.base);
  w.now_ms = 1050;
  w.arrive(1, tcp_frame());  // packets that wait come before operations that are due
  EXPECT_EQ(w.looked_up.back(), &r.base);
  EXPECT_EQ(w.done.back(), (Done{&r, OFT_OK}));
  EXPECT_EQ(w.api.run_at(&w.datapath), OFT_NEVER);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.looked_up.back(), nullptr);
}

TEST(datapath_sim, operations_complete_by_time_then_by_start) {
  World w;
  w.datapath.latency(std::nullopt, 20);
  HostRule &a = w.add({}, 1), &b = w.add({}, 2);
  w.datapath.latency(std::nullopt, 10);
  HostRule &c = w.add({}, 3), &d = w.add({}, 4);
  w.now_ms += 100;
  w.datapath.complete(&d.base, openflow_error(3, 0));  // told, so not on its own
  w.api.run(&w.datapath);
  EXPECT_EQ(w.done, (std::vector<Done>{{&d, OFT_ERROR_OPENFLOW(3, 0)}, {&c, OFT_OK}, {&a, OFT_OK}, {&b, OFT_OK}}));
}

TEST(datapath_sim, answers_are_planned_then_by_policy) {
  World w;
  w.datapath.policy(std::nullopt, {AnswerKind::failed, openflow_error(3, 2)});
  w.datapath.plan(OperationKind::add, {AnswerKind::refused, nicira_error(3, 0x101)});
  w.datapath.plan(OperationKind::add, {AnswerKind::done, {}});
  EXPECT_EQ(w.construct(w.make(output(0xffff))), bad_action(4));  // uses up no answer
  EXPECT_EQ(w.construct(w.make({})), OFT_ERROR_NICIRA(3, 0x101));
  EXPECT_TRUE(w.done.empty());
  HostRule& r = w.add({});
  EXPECT_EQ(w.done.back(), (Done{&r, OFT_OK}));
  HostRule& failing = w.add({});
  EXPECT_EQ(w.done.back(), (Done{&failing, OFT_ERROR_OPENFLOW(3, 2)}));
  w.remove(r);  // a removal cannot fail
  EXPECT_EQ(w.done.back(), (Done{&r, OFT_OK}));
}

TEST(datapath_sim, completing_what_is_not_in_progress_does_nothing) {
  World w;
  HostRule& r = w.add({});
  w.datapath.complete(&r.base, {});
  w.remove(r);
  w.dealloc(r);
  w.done.clear();
  w.api.run(&w.datapath);
  EXPECT_TRUE(w.done.empty());
}

TEST(datapath_sim, destruct_completes_the_oldest_first) {
  World w;
  w.datapath.policy(std::nullopt, {AnswerKind::pending, {}});
  HostRule &a = w.add({}, 1), &b = w.add({}, 2);
  w.api.destruct(&w.datapath);
  EXPECT_EQ(w.done, (std::vector<Done>{{&a, OFT_OK}, {&b, OFT_OK}}));
}

TEST(datapath_sim, ports_change_in_the_next_run) {
  World w;
  w.datapath.change_port(event::PortChangeKind::add, {7, {}, "p7"});
  w.datapath.change_port(event::PortChangeKind::add, {7, {}, "again"});
  w.datapath.change_port(event::PortChangeKind::remove, {1, {}, ""});
  w.datapath.change_port(event::PortChangeKind::remove, {1, {}, ""});
  w.datapath.change_port(event::PortChangeKind::add, {0, {}, "none"});
  EXPECT_EQ(w.api.get_ports(&w.datapath, nullptr, 0), 4u);
  w.api.run(&w.datapath);
  EXPECT_EQ(w.ports_changed, (std::vector<std::pair<oft_port_change, std::uint16_t>>{
                                 {OFT_PORT_ADD, 7}, {OFT_PORT_ADD, 7}, {OFT_PORT_DELETE, 1}}));
  oft_port ports[8];
  ASSERT_EQ(w.api.get_ports(&w.datapath, ports, 8), 4u);
  EXPECT_STREQ(ports[3].name, "again");
}

TEST(datapath_sim, EXP_3_a_hard_timeout_counts_from_creation) {
  World w;
  HostRule& r = w.add_for(0, 2);
  EXPECT_EQ(w.api.run_at(&w.datapath), 3000u);
  w.pass(1500);
  w.arrive(1, tcp_frame());
  w.modify(r, output(3));
  w.pass(499);
  EXPECT_TRUE(w.expired.empty());
  w.pass(1);
  EXPECT_EQ(w.expired, (std::vector<World::Expired>{{&r, OFT_HARD_TIMEOUT, 3000}}));
  EXPECT_EQ(w.api.run_at(&w.datapath), OFT_NEVER);
  w.dealloc(r);
}

TEST(datapath_sim, EXP_4_an_idle_timeout_counts_from_the_last_packet) {
  World w;
  HostRule& r = w.add_for(2, 0);
  w.pass(1999);
  w.arrive(1, tcp_frame());
  EXPECT_EQ(w.api.run_at(&w.datapath), 4999u);
  w.pass(1000);
  EXPECT_EQ(w.api.rule_execute(&w.datapath, &r.base, 1, tcp_frame().data(), tcp_frame().size()), OFT_OK);
  w.pass(1000);
  w.modify(r, output(3));
  w.pass(5000);
  EXPECT_EQ(w.expired, (std::vector<World::Expired>{{&r, OFT_IDLE_TIMEOUT, 5999}}));
  w.dealloc(r);
  HostRule& both = w.add_for(1, 1);
  w.now_ms += 1000;
  w.api.run(&w.datapath);
  EXPECT_EQ(w.expired.back(), (World::Expired{&both, OFT_HARD_TIMEOUT, w.now_ms}));
}

TEST(datapath_sim, EXP_5_a_rule_in_flux_times_out_later) {
  World w;
  HostRule& old = w.add_for(0, 1);
  w.datapath.latency(OperationKind::modify, 3000);
  w.modify(old, output(3));
  EXPECT_EQ(w.api.run_at(&w.datapath), 4000u);
  w.pass(3000);
  EXPECT_EQ(w.expired, (std::vector<World::Expired>{{&old, OFT_HARD_TIMEOUT, 4000}}));
  w.dealloc(old);
  w.expired.clear();
  // A victim, and the rule that is to replace it and fails.
  HostRule& victim = w.add_for(0, 1);
  w.datapath.plan(OperationKind::add, {AnswerKind::pending, {}});
  HostRule& other = w.make(output(3));
  other.base.hard_timeout = 1;
  other.base.created_ms = w.now_ms;
  EXPECT_EQ(w.construct(other, &victim), OFT_OK);
  w.pass(2000);
  EXPECT_TRUE(w.expired.empty());
  w.datapath.complete(&other.base, openflow_error(3, 0));
  w.pass(1);
  EXPECT_EQ(w.expired, (std::vector<World::Expired>{{&victim, OFT_HARD_TIMEOUT, w.now_ms}}));
  w.dealloc(other);
}

// Against timeouts found by looking at every rule in every millisecond.
TEST(datapath_sim, EXP_6_rules_time_out_on_time_and_in_order) {
  World w(3);
  Random random;
  struct Live {
    HostRule* rule;
    std::uint64_t used_ms;
  };
  std::vector<Live> live;
  std::size_t expiries = 0;
  for (int step = 0; step < 3000; ++step) {
    if (live.size() < 12 && random.below(3) == 0) {
      HostRule& r = w.add_for(static_cast<std::uint16_t>(random.below(3)), static_cast<std::uint16_t>(random.below(4)),
                              static_cast<std::uint8_t>(random.below(3)));
      live.push_back({&r, w.now_ms});
    } else if (!live.empty() && random.below(20) == 0) {
      const std::size_t which = random.below(static_cast<unsigned>(live.size()));
      w.remove(*live[which].rule);
      w.dealloc(*live[which].rule);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (!live.empty() && random.below(2) == 0) {
      Live& l = live[random.below(static_cast<unsigned>(live.size()))];
      w.api.rule_execute(&w.datapath, &l.rule->base, 1, tcp_frame().data(), tcp_frame().size());
      l.used_ms = w.now_ms;
    }
    w.expired.clear();
    const std::uint64_t before = w.now_ms;
    w.pass(random.below(600));
    std::vector<World::Expired> wanted;
    for (std::uint64_t now = before + 1; now <= w.now_ms; ++now) {
      std::vector<World::Expired> in_this_run;
      for (std::uint8_t table = 0; table < 3; ++table) {
        for (const Live& l : live) {
          const oft_rule& b = l.rule->base;
          const bool hard = b.hard_timeout != 0 && b.created_ms + 1000 * b.hard_timeout == now;
          const bool idle = b.idle_timeout != 0 && l.used_ms + 1000 * b.idle_timeout == now;
          if (b.table_id != table || !(hard || idle)) continue;
          in_this_run.push_back({l.rule, hard ? OFT_HARD_TIMEOUT : OFT_IDLE_TIMEOUT, now});
        }
      }
      for (const auto& e : in_this_run) std::erase_if(live, [&](const Live& l) { return l.rule == e.rule; });
      wanted.insert(wanted.end(), in_this_run.begin(), in_this_run.end());
    }
    ASSERT_EQ(w.expired, wanted);
    for (const auto& e : w.expired) w.dealloc(const_cast<HostRule&>(*e.rule));
    expiries += wanted.size();
  }
  EXPECT_GT(expiries, 500u);
}

// The cache in front of the table must never outlive what it was made from: against a linear search, while rules come
// and go between packets that look alike.
TEST(datapath_sim, DP_1_lookups_are_those_of_a_linear_search) {
  World w;
  Random random;
  std::vector<HostRule*> live;
  for (int i = 0; i < 20000; ++i) {
    const unsigned what = random.below(10);
    if (what == 0 && live.size() < 40) {
      HostRule& r = w.make({}, 1 + random.below(20));
      oft_match& m = r.match;
      const auto maybe16 = [&](std::uint16_t& value, std::uint16_t& mask, unsigned v) {
        if (random.below(2)) value = static_cast<std::uint16_t>(v), mask = 0xffff;
      };
      maybe16(m.in_port, m.in_port_mask, 1 + random.below(3));
      maybe16(m.tp_src, m.tp_src_mask, random.below(3));
      m.nw_src_mask = random.below(2) ? 0xffffffffu << random.below(3) : 0;
      m.nw_src = (0x0a000000 + random.below(8)) & m.nw_src_mask;
      EXPECT_EQ(w.construct(r), OFT_OK);
      live.push_back(&r);
    } else if (what == 1 && !live.empty()) {
      const auto at = live.begin() + random.below(static_cast<unsigned>(live.size()));
      w.remove(**at);
      w.dealloc(**at);
      live.erase(at);
    } else {
      Bytes frame = tcp_frame();
      frame[29] = static_cast<std::uint8_t>(random.below(8));
      put16(frame, 34, random.below(3));
      const auto in_port = static_cast<std::uint16_t>(1 + random.below(3));
      const FlowKey key = parse(frame, in_port).key;
      const HostRule* best = nullptr;  // the oldest of the highest priority: `live` is in the order of age
      for (const HostRule* r : live) {
        const oft_match& m = r->match;
        const bool hit = (key.in_port & m.in_port_mask) == m.in_port && (key.tp_src & m.tp_src_mask) == m.tp_src &&
                         (key.nw_src & m.nw_src_mask) == m.nw_src;
        if (hit && (best == nullptr || r->base.priority > best->base.priority)) best = r;
      }
      w.arrive(in_port, frame);
      ASSERT_EQ(w.looked_up.back(), best == nullptr ? nullptr : &best->base) << "packet " << i;
    }
  }
}

}  // namespace
}  // namespace oftwin::sim

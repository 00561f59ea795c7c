// Probes: that frames have the keys they are made for, that reachable and unreachable are told apart rightly, that
// plans show all that they promise and are as small as they say. The last three against all packets of a small
// universe.
#include "harness/probe/probe.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <set>

#include "harness/applicable.h"
#include "harness/default_config.h"
#include "harness/frame.h"
#include "harness/generate_frame.h"
#include "harness/generate_nxm.h"
#include "harness/probe/cube.h"
#include "harness/probe/shape.h"
#include "harness/probe/table_trace.h"
#include "harness/probe/witness.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/subject/builtin.h"
#include "model/match.h"
#include "model/nxm_match.h"
#include "model/packet.h"
#include "model/step.h"

namespace oftwin::probe {
namespace {

using harness::RandomSource;

// --- A small universe ------------------------------------------------------------------------------------------------
// Rules look at few bits of few fields, so that these packets stand for all.
void with_ports(FlowKey key, std::initializer_list<std::uint8_t> protocols, std::vector<FlowKey>& out) {
  for (const std::uint8_t protocol : protocols) {
    key.nw_proto = protocol;
    for (const int port : {80, 81, 9}) {
      key.tp_dst = static_cast<std::uint16_t>(port);
      out.push_back(key);
    }
  }
}
void without_ports(FlowKey key, std::initializer_list<std::uint8_t> protocols, std::vector<FlowKey>& out) {
  for (const std::uint8_t protocol : protocols) {
    key.nw_proto = protocol;
    out.push_back(key);
  }
}
std::vector<FlowKey> universe() {
  std::vector<FlowKey> out;
  for (const auto in_port : std::initializer_list<std::uint16_t>{1, 2}) {
    for (const auto tci : std::initializer_list<std::uint16_t>{0x0000, 0x1004, 0x1005, 0x1009, 0x9004, 0x9005}) {
      FlowKey key;
      key.in_port = in_port;
      key.vlan_tci = tci;
      for (const auto type : std::initializer_list<std::uint16_t>{0x0801, 0x0807, 0x88b5}) {
        key.dl_type = type;
        out.push_back(key);
      }
      key.dl_type = 0x86dd;
      with_ports(key, {6, 17, 58}, out);
      without_ports(key, {7, 16, 253}, out);
      key.dl_type = 0x0806;
      without_ports(key, {6, 7, 16, 17, 253}, out);
      for (const std::uint32_t dst : {0x0a000000u, 0x0a000001u, 0x0a000002u, 0x0a000003u, 0x0a000004u, 0x0b000001u}) {
        key.dl_type = 0x0806;
        key.nw_dst = dst;
        key.nw_proto = 1;
        out.push_back(key);
        key.dl_type = 0x0800;
        with_ports(key, {1, 6, 17}, out);
        without_ports(key, {7, 16, 253}, out);
      }
    }
  }
  return out;
}

Match small_match(RandomSource& s) {
  Match m;
  if (s.chance(30)) m.in_port = {static_cast<std::uint16_t>(s.between(1, 2)), 0xffff};
  if (s.chance(15)) m.vlan_tci = {0, 0xffff};
  if (s.chance(15)) m.vlan_tci = {0x1005, 0x1fff};
  if (s.chance(65)) {
    m.dl_type = {static_cast<std::uint16_t>(s.chance(80) ? 0x0800 : 0x0806), 0xffff};
    const auto bits = static_cast<unsigned>(s.below(3));
    if (s.chance(65)) m.nw_dst = {0x0a000000u | static_cast<std::uint32_t>(s.below(4)), ~0u << bits};
    if (s.chance(50)) m.nw_proto = {static_cast<std::uint8_t>(s.chance(70) ? 6 : 17), 0xff};
    if (s.chance(40)) m.tp_dst = {static_cast<std::uint16_t>(s.between(80, 81)), 0xffff};
  }
  return model::canonical(m);
}

std::vector<Rule> small_rules(std::uint64_t seed, std::size_t most) {
  RandomSource s(seed);
  std::vector<Rule> out;
  for (std::uint64_t n = s.between(1, most); n > 0; --n) {
    const Rule rule{small_match(s), static_cast<std::uint32_t>(s.between(1, 4))};
    const auto same = [&](const Rule& r) { return r.match == rule.match && r.priority == rule.priority; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(rule);
  }
  return out;
}

Options small_options() {
  Options o;
  o.in_ports = {1, 2};
  return o;
}

// --- What probe.h says, by the model's matching, packet by packet
// -----------------------------------------------------
bool outranked(const std::vector<Rule>& rules, std::size_t r, const FlowKey& key) {
  for (std::size_t s = 0; s < rules.size(); ++s) {
    if (s != r && rules[s].priority >= rules[r].priority && model::matches(rules[s].match, key)) return true;
  }
  return false;
}
bool meets(const std::vector<Rule>& rules, std::size_t r, const FlowKey& key) {
  return model::matches(rules[r].match, key) && !outranked(rules, r, key);
}

// The match without field f (nearest: with its lowest compared bit the other way round).
std::optional<Match> other_match(const Match& match, std::string_view field, bool nearest) {
  Match out = match;
  bool there = false;
  const auto change = [&](auto& masked) {
    using W = std::remove_cvref_t<decltype(masked.mask)>;
    there = masked.mask != 0;
    if (nearest) masked.value = static_cast<W>(masked.value ^ (masked.mask & (~masked.mask + 1)));
    if (!nearest) masked = {};
  };
  if (field == "in_port") change(out.in_port);
  if (field == "vlan_tci") change(out.vlan_tci);
  if (field == "dl_type") change(out.dl_type);
  if (field == "nw_dst") change(out.nw_dst);
  if (field == "nw_proto") change(out.nw_proto);
  if (field == "tp_dst") change(out.tp_dst);
  return there ? std::optional(out) : std::nullopt;
}

bool inside_mask(const Match& match, std::string_view field, const FlowKey& key) {
  const auto beyond = [](const auto& masked, auto value) {
    const auto free = static_cast<decltype(masked.mask)>(~masked.mask);
    return masked.mask != 0 && free != 0 && (value & std::bit_floor(free)) != 0;
  };
  if (field == "vlan_tci") return beyond(match.vlan_tci, key.vlan_tci);
  if (field == "nw_dst") return beyond(match.nw_dst, key.nw_dst);
  return false;  // other fields are compared whole here
}

// The goals that each packet reaches; goals that none reaches are not there.
std::map<std::string, std::set<std::size_t>> reached(const std::vector<Rule>& rules, const std::vector<FlowKey>& keys) {
  std::map<std::string, std::set<std::size_t>> out;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    bool any = false;
    for (std::size_t r = 0; r < rules.size(); ++r) {
      any = any || model::matches(rules[r].match, keys[k]);
      if (!meets(rules, r, keys[k])) continue;
      out[print_goal({GoalKind::reach, r, 0})].insert(k);
      for (std::size_t s = 0; s < rules.size(); ++s) {
        const bool below = rules[s].priority < rules[r].priority && model::matches(rules[s].match, keys[k]);
        if (below) out[print_goal({GoalKind::over, r, s})].insert(k);
      }
      for (std::size_t f = 0; f < kFields; ++f) {
        if (inside_mask(rules[r].match, fields()[f].name, keys[k])) out[print_goal({GoalKind::inside, r, f})].insert(k);
      }
    }
    if (!any) out[print_goal({GoalKind::miss, 0, 0})].insert(k);
  }
  for (std::size_t r = 0; r < rules.size(); ++r) {
    for (std::size_t f = 0; f < kFields; ++f) {
      for (const bool nearest : {true, false}) {
        const std::string goal = print_goal({GoalKind::edge, r, f});
        const std::optional<Match> other = other_match(rules[r].match, fields()[f].name, nearest);
        if (!other || out.contains(goal)) continue;
        for (std::size_t k = 0; k < keys.size(); ++k) {
          const bool outside = model::matches(*other, keys[k]) && !model::matches(rules[r].match, keys[k]);
          if (outside && !outranked(rules, r, keys[k])) out[goal].insert(k);
        }
      }
    }
  }
  return out;
}

// How many packets are needed to reach all goals: by trying, fewest first.
bool enough(const std::vector<std::set<std::size_t>>& goals, const std::set<std::size_t>& open, std::size_t packets,
            const std::map<std::size_t, std::set<std::size_t>>& of_packet) {
  if (open.empty()) return true;
  if (packets == 0) return false;
  const auto hardest = *std::min_element(
      open.begin(), open.end(), [&](std::size_t a, std::size_t b) { return goals[a].size() < goals[b].size(); });
  std::set<std::set<std::size_t>> tried;
  for (const std::size_t k : goals[hardest]) {
    std::set<std::size_t> left;
    const auto& reaches = of_packet.at(k);
    std::set_difference(open.begin(), open.end(), reaches.begin(), reaches.end(), std::inserter(left, left.end()));
    if (tried.insert(left).second && enough(goals, left, packets - 1, of_packet)) return true;
  }
  return false;
}
std::size_t fewest(const std::map<std::string, std::set<std::size_t>>& reached) {
  std::vector<std::set<std::size_t>> goals;
  std::map<std::size_t, std::set<std::size_t>> of_packet;
  std::set<std::size_t> all;
  for (const auto& [name, keys] : reached) {
    for (const std::size_t k : keys) of_packet[k].insert(goals.size());
    all.insert(goals.size());
    goals.push_back(keys);
  }
  // One packet for each set of goals, and none whose goals another reaches as well and more.
  std::map<std::set<std::size_t>, std::size_t> different;
  for (const auto& [k, reaches] : of_packet) different.emplace(reaches, k);
  std::set<std::size_t> kept;
  for (const auto& [reaches, k] : different) {
    const bool dominated = std::any_of(different.begin(), different.end(), [&](const auto& other) {
      return other.first.size() > reaches.size() &&
             std::includes(other.first.begin(), other.first.end(), reaches.begin(), reaches.end());
    });
    if (!dominated) kept.insert(k);
  }
  for (auto& keys : goals) std::erase_if(keys, [&](std::size_t k) { return !kept.contains(k); });
  for (std::size_t n = 0;; ++n) {
    if (enough(goals, all, n, of_packet)) return n;
  }
}

std::set<std::string> names(const Plan& p) {
  std::set<std::string> out;
  for (const Goal& g : p.goals) out.insert(print_goal(g));
  return out;
}

// --- Frames ----------------------------------------------------------------------------------------------------------
RC_GTEST_PROP(Probe, every_frame_has_a_key_of_some_shape_and_a_frame_is_made_for_it, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  Bytes frame = harness::draw_frame(source);
  frame.resize(std::max<std::size_t>(frame.size(), 60));
  for (std::uint64_t n = source.below(3); n > 0; --n) {
    frame[source.below(frame.size())] ^= static_cast<std::uint8_t>(1u << source.below(8));
  }
  const FlowKey key = model::extract(frame, 1);
  RC_ASSERT(some_frame_has(key));
  RC_ASSERT(key_of(cube_of(key)) == key);
  const Bytes made = harness::frame_of(key, Bytes{1, 2, 3, 4});
  RC_ASSERT(made.size() >= 60u);
  RC_ASSERT(model::extract(made, 1) == key);
}

// Each shape, with every bit that it leaves free drawn.
RC_GTEST_PROP(Probe, every_key_of_a_shape_has_a_frame, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  const Shape& shape = source.pick(shapes());
  Cube packet = cube_of(FlowKey{});
  for (std::size_t i = 0; i < kWords; ++i) {
    packet.value[i] = shape.cube.value[i] | (source.next() & packet.mask[i] & ~shape.cube.mask[i]);
  }
  const FlowKey key = key_of(packet);
  if (!some_frame_has(key)) RC_DISCARD("one of those left out");
  RC_ASSERT(model::extract(harness::frame_of(key), key.in_port) == key);
}

// The other way round: what no shape holds, no frame has. (That some frame would have it shows in the first property.)
TEST(Probe, keys_that_no_frame_has) {
  const auto none = [](auto change) {
    FlowKey key;
    key.dl_type = 0x0800;
    change(key);
    return !some_frame_has(key) && model::extract(harness::frame_of(key), key.in_port) != key;
  };
  EXPECT_FALSE(none([](FlowKey&) {}));
  EXPECT_TRUE(none([](FlowKey& k) { k.tun_id = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.reg[2] = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.vlan_tci = 5; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.nw_tos = 3; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.tp_src = 80; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.arp_sha = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.nw_proto = 1, k.tp_src = 256; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x0100; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x0806, k.nw_proto = 3, k.nw_src = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x86dd, k.nw_proto = 60; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x86dd, k.nw_proto = 58, k.tp_src = 1, k.nd_target[0] = 1; }));
}

RC_GTEST_PROP(Probe, a_cube_is_a_match, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  const auto decoded = model::read_nxm<std::uint8_t>(harness::draw_nxm(source), 0xfc);
  if (!std::holds_alternative<Match>(decoded)) RC_DISCARD("no match");
  const Match& match = std::get<Match>(decoded);
  const FlowKey key = model::extract(harness::draw_frame(source), static_cast<std::uint16_t>(source.between(1, 2)));
  RC_ASSERT(covers(cube_of(match), cube_of(key)) == model::matches(match, key));
}

// --- Search and solver
// ------------------------------------------------------------------------------------------------
void search_and_solver_agree(std::uint64_t seed) {
  const std::vector<Rule> rules = small_rules(seed, 8);
  std::vector<Cube> cubes;
  for (const Rule& r : rules) cubes.push_back(cube_of(r.match));
  std::vector<const Cube*> without;
  for (std::size_t i = 1; i < cubes.size(); ++i) without.push_back(&cubes[i]);
  WitnessSearch search({1, 2}, 1000000, 1000), solver({1, 2}, 0, 10000);
  const Witness a = search.find(cubes[0], without), b = solver.find(cubes[0], without);
  ASSERT_EQ(a.found, b.found) << seed;
  EXPECT_EQ(search.counts().solved, 0u);
  for (const Witness& w : {a, b}) {
    if (w.found != Found::yes) continue;
    const FlowKey key = key_of(w.packet);
    EXPECT_TRUE(some_frame_has(key));
    for (std::size_t i = 0; i < rules.size(); ++i) EXPECT_EQ(model::matches(rules[i].match, key), i == 0);
  }
}

TEST(Probe, search_and_solver_say_the_same) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) search_and_solver_agree(seed);
}

// --- Plans -----------------------------------------------------------------------------------------------------------
TEST(Probe, reachability_goals_and_minimality_against_all_packets) {
  const std::vector<FlowKey> keys = universe();
  for (const FlowKey& key : keys) ASSERT_TRUE(some_frame_has(key));
  std::size_t minimal = 0, sets = 0, unreachable = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const std::vector<Rule> rules = small_rules(seed, 5);
    const Plan p = plan(rules, small_options());
    const auto all = reached(rules, keys);
    std::set<std::string> expected;
    for (const auto& [name, by] : all) expected.insert(name);
    ASSERT_EQ(names(p), expected) << "seed " << seed;
    for (const Unreachable& u : p.unreachable) EXPECT_FALSE(all.contains(print_goal({GoalKind::reach, u.rule, 0})));
    unreachable += p.unreachable.size();
    const std::size_t least = fewest(all);
    EXPECT_GE(p.packets.size(), least) << "seed " << seed;
    EXPECT_LE(p.at_least, least) << "seed " << seed;
    EXPECT_TRUE(!p.minimal || p.packets.size() == least) << "seed " << seed;
    minimal += p.minimal;
    ++sets;
  }
  EXPECT_GE(minimal * 100, sets * 95);
  EXPECT_GT(unreachable, 10u);
}

TEST(Probe, every_packet_shows_what_it_says) {
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    const std::vector<Rule> rules = small_rules(seed, 12);
    const Plan p = plan(rules, small_options());
    std::set<std::size_t> shown;
    for (const Packet& packet : p.packets) {
      ASSERT_EQ(model::extract(packet.frame, packet.key.in_port), packet.key);
      const auto by_name = reached(rules, {packet.key});
      for (const std::size_t g : packet.goals) {
        shown.insert(g);
        const bool edge = p.goals[g].kind == GoalKind::edge;  // the nearest may be another packet's
        EXPECT_TRUE(edge || by_name.contains(print_goal(p.goals[g])));
      }
      std::set<std::size_t> best;
      std::uint32_t priority = 0;
      for (std::size_t r = 0; r < rules.size(); ++r) {
        if (!model::matches(rules[r].match, packet.key) || rules[r].priority < priority) continue;
        if (rules[r].priority > priority) best.clear();
        priority = rules[r].priority;
        best.insert(r);
      }
      EXPECT_EQ(packet.free, best.size() > 1);
      EXPECT_EQ(packet.hit.has_value(), !best.empty());
      EXPECT_TRUE(!packet.hit || best.contains(*packet.hit));
    }
    EXPECT_EQ(shown.size(), p.goals.size());
  }
}

TEST(Probe, the_rules_that_hide_one_are_named) {
  Match tcp, low, high, web;
  tcp.dl_type = {0x0800, 0xffff};
  tcp.nw_proto = {6, 0xff};
  low = high = web = tcp;
  low.tp_dst = {0x0000, 0x8000};
  high.tp_dst = {0x8000, 0x8000};
  web.tp_dst = {80, 0xffff};
  Match other = web;
  other.nw_dst = {0x0a000000, 0xff000000};
  Match impossible = web;
  impossible.nw_proto = {2, 0xff};
  const std::vector<Rule> rules = {{other, 3}, {low, 9}, {high, 9}, {web, 8}, {tcp, 7}, {impossible, 1}};
  const Plan p = plan(rules, small_options());
  std::map<std::size_t, std::vector<std::size_t>> hidden;
  for (const Unreachable& u : p.unreachable) hidden[u.rule] = u.hidden_by;
  ASSERT_EQ(hidden.size(), 4u);
  EXPECT_EQ(hidden[0].size(), 1u);
  EXPECT_EQ(hidden[3], std::vector<std::size_t>{1});
  EXPECT_EQ(hidden[4], (std::vector<std::size_t>{1, 2}));
  EXPECT_TRUE(hidden[5].empty()) << "no frame has ports with protocol 2";
}

TEST(Probe, the_same_rules_give_the_same_plan) {
  const std::vector<Rule> rules = small_rules(7, 12);
  const Plan a = plan(rules, small_options()), b = plan(rules, small_options());
  ASSERT_EQ(a.packets.size(), b.packets.size());
  for (std::size_t i = 0; i < a.packets.size(); ++i) EXPECT_EQ(a.packets[i].frame, b.packets[i].frame);
}

TEST(Probe, the_solver_alone_finds_the_same_goals) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const std::vector<Rule> rules = small_rules(seed, 2);
    Options solver = small_options();
    solver.steps = 0;
    solver.solver_timeout_ms = 10000;
    solver.effort = 0;
    const Plan a = plan(rules, small_options()), b = plan(rules, solver);
    EXPECT_EQ(names(a), names(b));
    EXPECT_EQ(a.solved, 0u);
    EXPECT_GT(b.solved, 0u);
  }
}

// --- Wrong switches --------------------------------------------------------------------------------------------------
// A lookup with a defect; nullopt: a miss.
using Lookup = std::optional<std::size_t> (*)(const std::vector<Rule>&, const FlowKey&);

template <class Matches>
std::optional<std::size_t> best(const std::vector<Rule>& rules, const FlowKey& key, Matches matches) {
  std::optional<std::size_t> out;
  for (std::size_t r = 0; r < rules.size(); ++r) {
    if (matches(rules[r].match, key) && (!out || rules[r].priority > rules[*out].priority)) out = r;
  }
  return out;
}
std::optional<std::size_t> right(const std::vector<Rule>& rules, const FlowKey& key) {
  return best(rules, key, [](const Match& m, const FlowKey& k) { return model::matches(m, k); });
}
std::optional<std::size_t> lowest_priority(const std::vector<Rule>& rules, const FlowKey& key) {
  std::optional<std::size_t> out;
  for (std::size_t r = 0; r < rules.size(); ++r) {
    if (model::matches(rules[r].match, key) && (!out || rules[r].priority < rules[*out].priority)) out = r;
  }
  return out;
}
std::optional<std::size_t> forgets_vlan(const std::vector<Rule>& rules, const FlowKey& key) {
  return best(rules, key, [](Match m, const FlowKey& k) {
    m.vlan_tci = {};
    return model::matches(m, k);
  });
}
std::optional<std::size_t> forgets_protocol(const std::vector<Rule>& rules, const FlowKey& key) {
  return best(rules, key, [](Match m, const FlowKey& k) {
    m.nw_proto = {};
    return model::matches(m, k);
  });
}
std::optional<std::size_t> prefix_one_short(const std::vector<Rule>& rules, const FlowKey& key) {
  return best(rules, key, [](Match m, const FlowKey& k) {
    m.nw_dst.mask &= m.nw_dst.mask << 1;
    return model::matches(model::canonical(m), k);
  });
}
std::optional<std::size_t> prefix_one_long(const std::vector<Rule>& rules, const FlowKey& key) {
  return best(rules, key, [](Match m, const FlowKey& k) {
    if (m.nw_dst.mask != 0) m.nw_dst.mask |= m.nw_dst.mask >> 1;
    return model::matches(m, k);
  });
}

bool seen(const Plan& p, const std::vector<Rule>& rules, Lookup lookup) {
  return std::any_of(p.packets.begin(), p.packets.end(), [&](const Packet& packet) {
    const auto got = lookup(rules, packet.key);
    if (packet.free) return !got || rules[*got].priority != rules[*packet.hit].priority;
    return got != packet.hit;
  });
}

TEST(Probe, wrong_lookups_are_seen_wherever_they_show) {
  const std::vector<FlowKey> keys = universe();
  const Lookup wrong[] = {lowest_priority, forgets_vlan, forgets_protocol, prefix_one_short, prefix_one_long};
  for (std::size_t i = 0; i < std::size(wrong); ++i) {
    const Lookup lookup = wrong[i];
    std::size_t shows = 0, found = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
      const std::vector<Rule> rules = small_rules(seed, 8);
      const Plan p = plan(rules, small_options());
      EXPECT_FALSE(seen(p, rules, right));
      const bool differs = std::any_of(keys.begin(), keys.end(), [&](const FlowKey& k) {
        const auto want = right(rules, k), got = lookup(rules, k);
        if (want && !meets(rules, *want, k)) return false;  // in doubt
        return (want ? rules[*want].priority : 0u) != (got ? rules[*got].priority : 0u);
      });
      shows += differs;
      found += differs && seen(p, rules, lookup);
    }
    EXPECT_GT(shows, 20u);
    EXPECT_EQ(found, shows) << "defect " << i;
  }
}

// Without one of its packets a plan shows less: some defect goes unseen.
TEST(Probe, a_plan_without_one_of_its_packets_misses_something) {
  Match any, host, net;
  net.dl_type = host.dl_type = {0x0800, 0xffff};
  net.nw_dst = {0x0a000000, 0xfffffffe};
  host.nw_dst = {0x0a000000, 0xffffffff};
  const std::vector<Rule> rules = {{host, 3}, {net, 2}, {any, 1}};
  Plan whole = plan(rules, small_options());
  EXPECT_TRUE(whole.minimal);
  EXPECT_TRUE(seen(whole, rules, prefix_one_short));
  Plan without = whole;
  std::erase_if(without.packets, [&](const Packet& p) {
    return std::any_of(p.goals.begin(), p.goals.end(), [&](std::size_t g) {
      return whole.goals[g].kind == GoalKind::edge && fields()[whole.goals[g].other].name == "nw_dst";
    });
  });
  EXPECT_LT(without.packets.size(), whole.packets.size());
  EXPECT_FALSE(seen(without, rules, prefix_one_short));
}

// --- The model's own table
// ---------------------------------------------------------------------------------------------
TEST(Probe, DP_10_packets_out_to_the_table_meet_the_rule_of_the_plan) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Rule> rules = small_rules(seed, 8);
    std::erase_if(rules, [](const Rule& r) {  // which no request can ask for
      return model::read_nxm<std::uint8_t>(model::write_nxm(r.match), 0xfc) != std::variant<Match, Error>(r.match);
    });
    SwitchConfig config = harness::default_config();
    config.provider = ProviderMode::simulated;
    model::State state = model::initial(config);
    const ConnName conn = config.connections[0];
    const auto drive = [&](std::uint32_t id, const harness::Request& request) {
      model::Outcome out;
      model::step(state, {id, event::Recv{conn, harness::encode(request)}}, {}, out);
      model::step(state, {0, event::Loop{}}, {}, out);
      return out.observations;
    };
    std::uint32_t id = 0;
    for (const Rule& rule : rules) {
      harness::request::NxFlowMod add;
      add.match = model::write_nxm(rule.match);
      add.priority = static_cast<std::uint16_t>(rule.priority);
      drive(++id, add);
    }
    for (const Packet& packet : plan(rules, small_options()).packets) {
      harness::request::PacketOut out;
      out.in_port = packet.key.in_port;
      out.actions = harness::action::output(OFPP_TABLE);
      out.data = packet.frame;
      std::vector<std::optional<RuleName>> met;
      for (const Observation& o : drive(++id, out)) {
        if (const auto* lookup = std::get_if<observation::Lookup>(&o)) met.push_back(lookup->rule);
      }
      ASSERT_EQ(met.size(), 1u);
      if (packet.free) continue;
      const auto want =
          packet.hit ? std::optional(RuleName{static_cast<std::uint32_t>(*packet.hit + 1), 1}) : std::nullopt;
      EXPECT_EQ(met[0], want) << "seed " << seed;
    }
  }
}

// --- As traces
// ---------------------------------------------------------------------------------------------------------
SwitchConfig table_config() {
  SwitchConfig config = harness::default_config();
  config.provider = ProviderMode::simulated;
  return config;
}

TEST(Probe, tables_with_probes_agree_on_both_sides) {
  const auto subject = harness::make_builtin_subject();
  std::size_t packets_in = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, table_config(), nullptr);
    EXPECT_EQ(table_with_probes(seed, table_config(), nullptr), trace);
    harness::Lockstep lockstep(*subject, {});
    lockstep.start(trace.config);
    for (const Event& event : trace.events) {
      const auto divergence = lockstep.advance(event);
      ASSERT_FALSE(divergence) << harness::print_report(trace.config, trace.events, *divergence, "builtin");
      for (const Observation& o : lockstep.got()) {
        const auto* send = std::get_if<observation::Send>(&o);
        packets_in += send && send->bytes[1] == OFPT_PACKET_IN;
      }
    }
  }
  EXPECT_GT(packets_in, 600u);
}

TEST(Probe, tables_with_probes_keep_within_a_profile) {
  const harness::Profile profile = harness::read_profile(OFTWIN_SOURCE_DIR "/corpus/profiles/one-small-table.toml");
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, harness::config_of(profile), &profile);
    EXPECT_EQ(obstacle(profile, trace), std::nullopt);
    EXPECT_GT(trace.events.size(), 6u);
  }
}

// A switch that compares one bit too few of each destination: only the packets show it, because only what it says to
// its controller is compared, and that before it is asked for its flows.
class OneBitShort final : public harness::Subject {
 public:
  void reset(const SwitchConfig& config) override { inner_->reset(config); }
  void drive(const Event& event, std::vector<Observation>& out) override {
    Event changed = event;
    if (auto* recv = std::get_if<event::Recv>(&changed.body)) {
      auto request = harness::decode_request(recv->bytes);
      auto* fm = request ? std::get_if<harness::request::FlowMod>(&*request) : nullptr;
      const std::uint32_t bits = fm ? fm->match.wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK : 32;
      if (bits < 32) {
        fm->match.wildcards += 1u << OFPFW_NW_DST_SHIFT;
        recv->bytes = harness::encode(*request);
      }
    }
    inner_->drive(changed, out);
  }
  unsigned channels() const override { return bit(Channel::message); }
  std::string name() const override { return "one bit short"; }

 private:
  std::unique_ptr<harness::Subject> inner_ = harness::make_builtin_subject();
};

TEST(Probe, tables_with_probes_find_a_wrong_lookup) {
  OneBitShort subject;
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const harness::Trace trace = table_with_probes(seed, table_config(), nullptr);
    harness::Lockstep lockstep(subject, {});
    const auto divergence = lockstep.run(trace.config, trace.events);
    if (!divergence) continue;
    const auto* recv = std::get_if<event::Recv>(&trace.events[divergence->event_index - 1].body);
    found += recv && recv->bytes[1] == OFPT_PACKET_OUT;
  }
  EXPECT_GT(found, 20u);
}

}  // namespace
}  // namespace oftwin::probe

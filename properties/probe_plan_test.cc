// Probes: that reachable and unreachable are told apart rightly, that plans show all that they promise and are as small
// as they say, against all packets of a small universe.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>

#include "harness/probe/cube.h"
#include "harness/probe/shape.h"
#include "harness/probe/witness.h"
#include "properties/probe_world.h"

namespace oftwin::probe {
namespace {

// --- What a plan should be -------------------------------------------------------------------------------------------
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

// --- Search and solver -----------------------------------------------------------------------------------------------
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

}  // namespace
}  // namespace oftwin::probe

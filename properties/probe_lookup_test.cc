// Probes: that wrong lookups are seen wherever they show, and that the packets meet the rules of the plan in the
// model's own table.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "harness/default_config.h"
#include "harness/probe/cube.h"
#include "harness/request.h"
#include "model/nxm_match.h"
#include "model/step.h"
#include "properties/probe_world.h"

namespace oftwin::probe {
namespace {

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

}  // namespace
}  // namespace oftwin::probe

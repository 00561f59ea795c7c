// How long it takes to plan probes for generated rule sets, by their size, with and without the proof that it cannot be
// done with fewer packets.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "harness/default_config.h"
#include "harness/generate_message.h"
#include "harness/generator.h"
#include "harness/probe/probe.h"
#include "model/wire_match.h"

namespace {

using namespace oftwin;

std::vector<probe::Rule> draw_rules(std::uint64_t seed, std::size_t n) {
  harness::RandomSource source(seed);
  const SwitchConfig config = harness::default_config();
  harness::MessageGenerator messages(source, {}, config);
  std::vector<probe::Rule> out;
  for (unsigned tries = 0; out.size() < n && tries < 1000; ++tries) {
    harness::WireMatch wire = messages.match();
    if (source.chance(70)) harness::vary(source, wire);
    const Bytes bytes = harness::encode(wire);
    probe::Rule rule{model::normalized(model::decode_match(bytes, 0)), static_cast<std::uint32_t>(source.below(5))};
    const auto same = [&](const probe::Rule& r) { return r.match == rule.match && r.priority == rule.priority; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(rule);
  }
  return out;
}

// Routes and access lists: prefixes of all lengths, some with a protocol and a port; longer ones come first.
std::vector<probe::Rule> draw_routes(std::uint64_t seed, std::size_t n) {
  harness::RandomSource source(seed);
  std::vector<probe::Rule> out;
  while (out.size() < n) {
    const auto length = static_cast<std::uint32_t>(source.between(9, 32));
    probe::Rule rule;
    rule.priority = length;
    rule.match.dl_type = {0x0800, 0xffff};
    rule.match.nw_dst = {0x0a000000u | static_cast<std::uint32_t>(source.below(1u << 23)), ~0u << (32 - length)};
    if (source.chance(40)) {
      rule.match.nw_proto = {static_cast<std::uint8_t>(source.chance(50) ? 6 : 17), 0xff};
      rule.match.tp_dst = {static_cast<std::uint16_t>(source.below(4) * 80), 0xffff};
      rule.priority += 32;
    }
    rule.match = model::canonical(rule.match);
    out.push_back(rule);
  }
  return out;
}

}  // namespace

int main() {
  fmt::print("{:<7} {:>6} {:>8} {:>6} {:>8} {:>8} {:>9} {:>9} {:>8} {:>7}\n", "what", "rules", "effort", "sets",
             "goals", "packets", "median ms", "worst ms", "minimal", "solver");
  for (const bool routes : {false, true}) {
    for (const std::size_t n : {5, 10, 30, 60}) {
      for (const std::uint64_t effort : {0u, 20000u}) {
        std::vector<double> ms;
        std::size_t goals = 0, packets = 0, minimal = 0;
        std::uint64_t solved = 0;
        constexpr std::uint64_t kSets = 40;
        for (std::uint64_t seed = 1; seed <= kSets; ++seed) {
          const std::vector<probe::Rule> rules = routes ? draw_routes(seed, n) : draw_rules(seed, n);
          probe::Options options;
          options.effort = effort;
          const auto begin = std::chrono::steady_clock::now();
          const probe::Plan plan = probe::plan(rules, options);
          ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
          goals += plan.goals.size();
          packets += plan.packets.size();
          minimal += plan.minimal;
          solved += plan.solved;
        }
        std::sort(ms.begin(), ms.end());
        fmt::print("{:<7} {:>6} {:>8} {:>6} {:>8.1f} {:>8.1f} {:>9.2f} {:>9.2f} {:>7}% {:>7}\n",
                   routes ? "routes" : "mixed", n, effort, kSets, double(goals) / kSets, double(packets) / kSets,
                   ms[ms.size() / 2], ms.back(), 100 * minimal / kSets, solved);
      }
    }
  }
}

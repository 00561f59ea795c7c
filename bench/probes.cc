// How long it takes to plan probes for generated rule sets, by their size, with and without the proof that it cannot be
// done with fewer packets.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "harness/default_config.h"
#include "harness/probe/probe.h"
#include "harness/probe/table_trace.h"
#include "harness/source.h"

namespace {

using namespace oftwin;

std::vector<probe::Rule> draw(std::uint64_t seed, probe::TableKind kind, std::size_t n) {
  harness::RandomSource source(seed);
  std::vector<probe::Rule> out;
  for (const auto& drawn : probe::draw_rules(source, kind, n, harness::default_config(), nullptr)) {
    out.push_back(drawn.rule);
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
          const std::vector<probe::Rule> rules =
              draw(seed, routes ? probe::TableKind::routes : probe::TableKind::mixed, n);
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

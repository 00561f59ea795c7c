// How long the minimizer takes: a trace of 2,000 messages that diverges because of 3 of them
// (harness/subject/broken.h).
//
// Usage: bench_minimize [MESSAGES [SEEDS]]. Exit code 1 if anything but the three messages is left.
#include "harness/minimize.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "harness/generator.h"
#include "harness/subject/broken.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"

int main(int argc, char** argv) {
  using namespace oftwin::harness;
  const std::size_t messages = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000;
  const std::size_t seeds = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 5;
  const auto builtin = make_builtin_subject();
  BrokenSubject broken(*builtin);
  double slowest = 0;
  for (std::size_t seed = 1; seed <= seeds; ++seed) {
    Trace trace = benchmark_trace(seed, messages);
    plant_fault(trace);
    std::size_t probes = 0;
    MinimizeLimits limits;
    limits.progress = [&](std::size_t n, std::size_t) { probes = n; };
    const auto start = std::chrono::steady_clock::now();
    const auto minimized = minimize_divergence(trace, broken, {}, limits);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!minimized) {
      fmt::print("seed {}: no divergence\n", seed);
      return 1;
    }
    const auto left = std::count_if(minimized->events.begin(), minimized->events.end(), [](const oftwin::Event& e) {
      return !std::holds_alternative<oftwin::event::Loop>(e.body);
    });
    fmt::print("seed {}: {} events to {} inputs in {:.3f} s, about {} probes\n", seed, trace.events.size(), left,
               seconds, probes);
    if (seed == 1) fmt::print("\n{}\n", print_trace(*minimized));
    if (left != 3) return 1;
    slowest = std::max(slowest, seconds);
  }
  fmt::print("slowest of {}: {:.3f} s (wanted: below 2 s for 2000 messages)\n", seeds, slowest);
  return 0;
}

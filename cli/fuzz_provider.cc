// oftwin fuzz of a provider library: generated traces, steered by what they show (harness/steering.h), each in a
// process beside this one, as `check` has it; the campaign goes on when the library does not.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>

#include "cli/check.h"
#include "cli/checking.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/results.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/files.h"
#include "harness/markup.h"
#include "harness/subject/builtin.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

CheckOptions campaign_of(const FuzzOptions& options) {
  if (options.jobs > 1) throw UsageError("--jobs: a provider is fuzzed by one job at a time");
  CheckOptions out;
  out.subject = options.subject;
  out.out = options.out;
  out.seed = options.seed != 0 ? options.seed : static_cast<std::uint64_t>(std::time(nullptr));
  out.random = options.runs != 0 ? options.runs : kEndless;
  out.time_s = options.time_s;
  out.steered = true;
  out.corpus = (fs::path(options.out) / "corpus").string();
  out.provider = options.provider;
  for (const std::string& folder : {options.corpus, out.corpus}) {
    if (folder.empty() || (folder != options.corpus && !fs::is_directory(folder))) continue;
    for (harness::Trace& trace : read_seeds(folder)) out.beginning.push_back(std::move(trace));
  }
  return out;
}

// The same kind of traces on the switch with its own datapath, for a moment.
double builtin_events_a_second(const InputChecker& checker) {
  const auto subject = harness::make_builtin_subject();
  harness::Lockstep lockstep(*subject, {});
  double driving_s = 0;
  for (std::uint64_t n = 0; driving_s < 0.2; ++n) {
    const harness::Trace trace = checker.generated_trace(n);
    const auto begin = Clock::now();
    lockstep.run(trace.config, trace.events);
    driving_s += std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return static_cast<double>(lockstep.stats().events) / driving_s;
}

}  // namespace

int fuzz_provider(const FuzzOptions& options) {
  const CheckOptions campaign = campaign_of(options);
  const Until until(campaign.time_s);
  Checking checking(campaign, until);
  CheckSummary summary;
  summary.subject = campaign.subject;
  if (auto lost = checking.try_provider()) {
    summary.results.push_back(std::move(*lost));
  } else {
    say("Fuzzing {} with seed {}, from {} seeds", campaign.subject, campaign.seed, campaign.beginning.size());
    if (options.runs != 0) say(", {} traces", options.runs);
    if (options.time_s != 0) say(", for {} s", options.time_s);
    say("\n");
    std::fflush(stdout);
    summary.results.push_back(checking.generated());
  }
  summary.stopped = asked_to_stop();
  const CheckResult& result = summary.results.front();
  print_result(result);
  const harness::Steering& steering = *checking.checker().steering();
  say("\n{} traces kept, which showed {} features; {}\n", steering.corpus().size(), steering.features(),
      print_clauses_hit(result.clauses));
  const double rate = result.seconds > 0 ? static_cast<double>(result.events) / result.seconds : 0;
  if (summary.stopped) return summary.exit_code();
  say("{} events in {:.1f} s: {} a second; the built-in switch with its own datapath: {}\n",
      harness::grouped(result.events), result.seconds, harness::grouped(static_cast<std::uint64_t>(rate)),
      harness::grouped(static_cast<std::uint64_t>(builtin_events_a_second(checking.checker()))));
  return summary.exit_code();
}

}  // namespace oftwin::cli

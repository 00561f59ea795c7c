// Checked messages a second: the figure in which campaigns are paid. Also where the time goes.
//
// Traces of harness/generator.h's benchmark profile (20 to 60 rules; 70 % flow-mods, 15 % statistics, the rest barriers
// and others). Usage: bench_lockstep [TRACES [MESSAGES]]. Exit code 1 if the two sides disagree: a figure for checks
// that fail is worth nothing.
#include "harness/lockstep.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "harness/generator.h"
#include "harness/report.h"
#include "harness/subject/builtin.h"
#include "model/step.h"

namespace {

using namespace oftwin;
using harness::Trace;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Runs all traces in lockstep; exits at a divergence. Returns seconds.
double lockstep(harness::Lockstep& lockstep, const std::vector<Trace>& traces, const std::string& subject) {
  const auto start = std::chrono::steady_clock::now();
  for (const Trace& trace : traces) {
    if (const auto divergence = lockstep.run(trace.config, trace.events)) {
      fmt::print("{}", harness::print_report(trace.config, trace.events, *divergence, subject));
      std::exit(1);
    }
  }
  return seconds_since(start);
}

double subject_alone(harness::Subject& subject, const std::vector<Trace>& traces) {
  std::vector<Observation> out;
  const auto start = std::chrono::steady_clock::now();
  for (const Trace& trace : traces) {
    subject.reset(trace.config);
    RuleName last;  // the profile completes the add that was started last; the subject counts its rules itself
    for (Event event : trace.events) {
      if (auto* complete = std::get_if<event::ProviderComplete>(&event.body)) complete->rule = last;
      subject.drive(event, out);
      for (const Observation& o : out) {
        if (const auto* alloc = std::get_if<observation::Alloc>(&o)) last = alloc->rule;
      }
      out.clear();
    }
  }
  return seconds_since(start);
}

double model_alone(const std::vector<Trace>& traces, std::uint64_t* rules, std::uint64_t* events) {
  const auto start = std::chrono::steady_clock::now();
  for (const Trace& trace : traces) {
    model::State state = model::initial(trace.config);
    model::Outcome out;
    for (const Event& event : trace.events) {
      model::step(state, event, {}, out);
      out.observations.clear();
      *rules += state.tables[0].rules.size();
      ++*events;
    }
  }
  return seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n_traces = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20;
  const std::size_t n_messages = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 2000;
  std::vector<Trace> traces;
  for (std::size_t i = 0; i < n_traces; ++i) traces.push_back(harness::benchmark_trace(i + 1, n_messages));

  const auto subject = harness::make_builtin_subject();
  harness::Lockstep plain(*subject, {});
  lockstep(plain, {traces.front()}, subject->name());  // warms up
  const std::uint64_t before = plain.stats().messages;
  const double all = lockstep(plain, traces, subject->name());
  const auto messages = static_cast<double>(plain.stats().messages - before);

  harness::LockstepOptions timed_options;
  timed_options.timed = true;
  harness::Lockstep timed(*subject, timed_options);
  const double timed_all = lockstep(timed, traces, subject->name());

  std::uint64_t rules = 0, events = 0;
  const double model = model_alone(traces, &rules, &events);
  const double impl = subject_alone(*subject, traces);

  const auto ns = [&](double seconds) { return seconds * 1e9 / messages; };
  fmt::print("{} traces of {} messages, {:.1f} rules on average\n", n_traces, n_messages,
             static_cast<double>(rules) / static_cast<double>(events));
  fmt::print("lockstep      {:>10.0f} checked messages/s   {:>7.0f} ns/message\n", messages / all, ns(all));
  fmt::print("  impl        {:>33.0f} ns/message  ({:.0f} alone, provider and observations included)\n",
             ns(timed.times().subject), ns(impl));
  fmt::print("  model       {:>33.0f} ns/message  ({:.0f} alone)\n", ns(timed.times().model), ns(model));
  fmt::print("  compare     {:>33.0f} ns/message\n", ns(timed.times().compare));
  fmt::print("  the rest    {:>33.0f} ns/message\n",
             ns(timed_all - timed.times().subject - timed.times().model - timed.times().compare));
  return 0;
}

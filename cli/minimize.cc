#include "cli/minimize.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/check_live.h"
#include "cli/exit_codes.h"
#include "cli/inputs.h"
#include "cli/isolate.h"
#include "cli/live_trace.h"
#include "cli/lost.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "cli/until.h"
#include "harness/convert.h"
#include "harness/files.h"
#include "harness/minimize.h"
#include "harness/subject/subject.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kProbes = 20000;         // in this process
constexpr std::size_t kIsolatedProbes = 3000;  // each in a process of its own
constexpr std::chrono::milliseconds kTell{5000}, kTellTerminal{200};
constexpr unsigned kBuiltinCall_s = 5;  // a builtin switch that takes longer for a trace hangs

std::size_t inputs_of(const harness::Trace& trace) {
  return static_cast<std::size_t>(
      std::ranges::count_if(trace.events, [](const Event& e) { return !std::holds_alternative<event::Loop>(e.body); }));
}

// Nobody waits without a word: on a terminal in one line, elsewhere a line now and then.
class Telling {
 public:
  void operator()(std::size_t probes, std::size_t events) {
    const auto now = Steady::now();
    if (now - last_ < (terminal_ ? kTellTerminal : kTell)) return;
    last_ = now;
    const std::string line = fmt::format("{} probes, {} events left", probes, events);
    if (terminal_)
      show_progress(line);
    else
      complain("minimizing: {}\n", line);
  }
  void end() const {
    if (terminal_) show_progress("");
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  Steady::time_point last_ = Steady::now();
};

class Minimizing {
 public:
  explicit Minimizing(const MinimizeOptions& options)
      : options_(options), trace_(read_eventful_trace(options.input, options.id)), until_(options.time_s) {}

  int run() {
    for (const std::string& file : {options_.out, options_.json}) {
      if (!file.empty() && file != "-") harness::must_be_writable(file);
    }
    const MinimizedTrace small = is_live(options_.subject) ? live() : here();
    telling_.end();
    if (!small.trace && asked_to_stop()) {
      complain("oftwin: {}, and nothing was done until then\n", stop_reason());
      return kStopped;
    }
    if (!small.trace) {
      throw UsageError(fmt::format("{}: {}; there is nothing to minimize", options_.input, small.shows));
    }
    return finish(small);
  }

 private:
  MinimizedTrace here() {
    const auto subject = make_subject(options_.subject);
    if (make_provider(options_.subject)) return provider(*subject);
    if (loses(*subject, trace_.config, trace_.events)) return loss(*subject);
    MinimizedTrace out;
    if (asked_to_stop()) return out;
    out.trace = harness::minimize_divergence(trace_, *subject, {}, limits(kProbes), &out.effort);
    out.shows = out.trace ? "diverges" : "model and " + subject->name() + " agree";
    return out;
  }

  MinimizedTrace live() {
    CheckOptions how = options_.live;
    how.subject = options_.subject;
    return minimize_live(trace_, options_.input, how, limits(0), until_);
  }

  // `most`: candidates, unless the command line says how many.
  harness::MinimizeLimits limits(std::size_t most) {
    harness::MinimizeLimits limits;
    limits.max_probes = options_.probes > 0 ? options_.probes : most;
    limits.enough = [this] { return until_.over(); };
    limits.progress = [this](std::size_t probes, std::size_t events) { telling_(probes, events); };
    return limits;
  }

  // What the trace shows of a provider.
  MinimizedTrace provider(harness::Subject& subject) {
    const ProviderLimits with;
    IsolateOptions how = isolation_for(with, "minimize");
    how.quiet = true;
    const IsolatedOutcome outcome = run_isolated(how, [&](Progress& progress) {
      progress.about_to_drive(trace_);
      const auto symptom = harness::symptom_of_run(subject, {}, trace_.config, trace_.events);
      return symptom ? symptom->want + '\n' + symptom->got : std::string();
    });
    MinimizedTrace out;
    if (outcome.stopped) return out;
    if (!outcome.result) {
      const Loss loss = loss_of(outcome);
      out.shows = "is lost: " + loss.how;
      out.trace = minimize_loss(trace_, loss, subject, with, limits(kIsolatedProbes), &out.effort);
      return out;
    }
    if (outcome.result->empty()) {
      out.shows = "model and " + subject.name() + " agree";
      return out;
    }
    const std::size_t cut = outcome.result->find('\n');
    const harness::Symptom shown{outcome.result->substr(0, cut), outcome.result->substr(cut + 1), false};
    const harness::Probe probe = isolated(harness::shows(subject, {}, shown), with.call_s);
    out.shows = "diverges";
    out.trace = harness::minimize(trace_, probe, limits(kIsolatedProbes), &out.effort).value_or(trace_);
    return out;
  }

  // A builtin switch that does not survive it, or takes for ever.
  MinimizedTrace loss(harness::Subject& subject) {
    const harness::Probe probe = [&](const SwitchConfig& config, std::span<const Event> events) {
      return loses(subject, config, events) ? std::optional(events.size() - 1) : std::nullopt;
    };
    MinimizedTrace out;
    out.shows = "is lost";
    out.trace = harness::minimize(trace_, probe, limits(kIsolatedProbes), &out.effort).value_or(trace_);
    return out;
  }

  // Whether driving the trace loses the subject: tried in a process of its own.
  static bool loses(harness::Subject& subject, const SwitchConfig& config, std::span<const Event> events) {
    const auto attempt = attempt_isolated(kBuiltinCall_s, [&]() -> std::int64_t {
      if (!std::freopen("/dev/null", "w", stderr)) return 0;  // its last words, each time
      harness::Lockstep(subject, {}).run(config, events);
      return 0;
    });
    return !attempt && !asked_to_stop();
  }

  int finish(const MinimizedTrace& small) const {
    const std::string text = harness::encode_for(options_.out, *small.trace);
    const double seconds = std::chrono::duration<double>(Steady::now() - begin_).count();
    if (!options_.out.empty())
      harness::write_file(options_.out, text);
    else if (options_.json != "-")
      hand_out(text);
    complain("{} inputs of {}, {} probes, {:.1f} s\n", inputs_of(*small.trace), inputs_of(trace_), small.effort.probes,
             seconds);
    if (!small.effort.complete) {
      complain("ended early ({}): it may become smaller\n",
               until_.over() ? until_.why() : fmt::format("{} probes", small.effort.probes));
    }
    if (!options_.json.empty()) write_json(small, seconds);
    return asked_to_stop() ? kStopped : kAgreed;
  }

  void write_json(const MinimizedTrace& small, double seconds) const {
    nlohmann::ordered_json out;
    out["input"] = options_.input;
    out["subject"] = options_.subject;
    out["shows"] = small.shows;
    out["inputs_before"] = inputs_of(trace_);
    out["inputs"] = inputs_of(*small.trace);
    out["probes"] = small.effort.probes;
    out["complete"] = small.effort.complete;
    out["seconds"] = seconds;
    out["trace"] = harness::print_trace(*small.trace);
    const std::string text = json_text(out, 2);
    if (options_.json == "-")
      hand_out(text);
    else
      harness::write_file(options_.json, text);
  }

  const MinimizeOptions& options_;
  const harness::Trace trace_;
  const Until until_;
  const Steady::time_point begin_ = Steady::now();
  Telling telling_;
};

}  // namespace

int run_minimize(const MinimizeOptions& options) {
  try {
    return Minimizing(options).run();
  } catch (const harness::SubjectLost& e) {
    complain("oftwin: {}\n", e.what());
    return 3;
  }
}

}  // namespace oftwin::cli

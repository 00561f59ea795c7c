#include "cli/check_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <new>
#include <utility>

#include "cli/inputs.h"
#include "cli/session_result.h"
#include "cli/subjects.h"
#include "harness/applicable.h"
#include "harness/capture.h"
#include "harness/convert.h"
#include "harness/default_config.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/generator.h"
#include "harness/minimize.h"
#include "harness/packets.h"
#include "harness/probe/table_trace.h"
#include "harness/replay.h"
#include "harness/replay_subject.h"
#include "harness/report.h"
#include "harness/subject/allocations.h"
#include "harness/subject/builtin.h"
#include "harness/subject/provider_library.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"

namespace oftwin::cli {
namespace {

constexpr std::size_t kMinimizedFindings = 10;  // of one input, whatever they are about
constexpr std::size_t kProviderFindings = 3;
constexpr std::size_t kProviderProbes = 1500;  // of one finding, each in a process of its own
constexpr std::size_t kGrowthProbes = 150;
constexpr std::chrono::milliseconds kTellEvery(500);           // how far generated traces are
constexpr std::uint64_t kGrowthEvery = 250, kGrowthFirst = 5;  // generated traces that are looked at thoroughly

void add_stats(CheckResult& result, const harness::Stats& stats) {
  result.events += stats.events;
  result.messages += stats.messages;
  result.clauses |= stats.clauses;
}

// With its place, also where what was thrown has none.
std::string about(const std::string& file, const std::string& what) {
  return what.starts_with(file) ? what : file + ": " + what;
}

std::size_t inputs_of(const harness::Trace& trace) {
  return static_cast<std::size_t>(std::count_if(trace.events.begin(), trace.events.end(), [](const Event& e) {
    return !std::holds_alternative<event::Loop>(e.body);
  }));
}

}  // namespace

InputChecker::InputChecker(const CheckOptions& options, const Until& until) : options_(options), until_(until) {
  if (auto provider = make_provider(options.subject, options.provider.patience)) {
    provider_ = provider.get();
    subject_ = std::move(provider);
  } else {
    subject_ = make_subject(options.subject);
  }
  if (!options.profile.empty()) profile_ = harness::read_profile(options.profile);
  if (options.steered) steering_.emplace(options.seed, options.beginning, what_is_generated());
}

void InputChecker::must_be_comparable(const std::string& what) const {
  const std::string edition = options_.edition.value_or(std::string(harness::kCorrected));
  if (harness::parse_edition(edition).value_or(model::Errata{}).none()) return;
  throw UsageError(
      fmt::format("{}: the subject '{}' does what edition corrected says; edition {} can be held against "
                  "recordings and against traces with expectations only",
                  what, options_.subject, edition));
}

// Called where there is none. Throws on if it is the provider that has it: that is a loss.
std::string InputChecker::out_of_memory(const std::string& what) const {
  if (leaks_ && !leaks_->host_took_most()) throw;
  if (!provider_) return what + ": there is not enough memory for it";
  return fmt::format(
      "{}: oftwin itself has not enough memory for it, which is not the provider's fault; --memory is {}", what,
      options_.provider.memory_mb);
}

CheckResult InputChecker::check(const std::string& file, Progress& progress) {
  CheckResult result;
  result.input = file;
  look_for_leaks(progress);
  progress.reading();
  try {
    const harness::FileKind kind = harness::kind_of_file(file);
    if (provider_ && (kind == harness::FileKind::recording || kind == harness::FileKind::packets)) {
      result.kind = kind == harness::FileKind::recording ? "recording" : "packets";
      result.outside = 1;
      result.notes.emplace_back("not applicable: it holds what other providers did");
      return result;
    }
    switch (kind) {
      case harness::FileKind::text:
      case harness::FileKind::binary:
      case harness::FileKind::stream:
        result.kind = "trace";
        check_trace(harness::read_any_trace(file), result, progress);
        break;
      case harness::FileKind::recording:
        result.kind = "recording";
        check_recordings(file, result, progress);
        break;
      case harness::FileKind::packets:
        result.kind = "packets";
        must_be_comparable(file);
        check_packets(file, result, progress);
        break;
      case harness::FileKind::capture:
        result.kind = "session";
        must_be_comparable(file);
        check_session(file, result, progress);
        break;
    }
  } catch (const harness::SubjectLost& e) { result.lost = e.what(); } catch (const std::bad_alloc&) {
    result.bad_input = out_of_memory(file);
  } catch (const std::exception& e) { result.bad_input = about(file, e.what()); }
  if (result.bad_input.empty()) add_conduct(result);
  return result;
}

// The subject against the model; and what the trace says of itself.
void InputChecker::check_trace(harness::Trace trace, CheckResult& result, Progress& progress) {
  must_have_events(trace, result.input);
  if (!trace.edition) trace.edition = options_.edition;
  if (const auto why = profile_ ? harness::obstacle(*profile_, trace) : std::nullopt) {
    result.outside = 1;
    result.notes.push_back("not applicable: " + harness::print_obstacle(*why));
    return;
  }
  bool expects = std::any_of(trace.blocks.begin(), trace.blocks.end(),
                             [](const harness::Block& b) { return b.expected.has_value(); });
  model::Errata errata = harness::edition_of(trace);
  for (const auto& unmet : harness::unmet_expectations(trace, &result.clauses)) {
    add_failure(result, fmt::format("{}:{}: {}", result.input, unmet.line, unmet.what));
  }
  if (errata.none()) {
    if (provider_) trace = with_epilogue(std::move(trace));
    check_lockstep(trace, {}, result, progress);
    const std::string name = std::filesystem::path(result.input).stem().string();
    if (provider_ && result.diverged == 0) {
      check_growth(trace, true, fmt::format("{}/grows-{}.trace", options_.out, name), result, progress);
    }
  } else if (!expects) {
    throw UsageError(fmt::format("{}: edition {} can be held against expectations only, and there are none",
                                 result.input, trace.edition.value_or("")));
  } else {
    result.events += trace.events.size();
  }
  if (result.failures.empty())
    ++result.agreed;
  else if (result.diverged == 0)
    ++result.diverged;
}

// Each event is a sign of life: a trace may be long.
std::optional<harness::Divergence> InputChecker::run(harness::Lockstep& lockstep, const harness::Trace& trace,
                                                     const CheckResult& so_far, Progress& progress) {
  harness::FeatureWalk walk;
  shown_.reset();
  lockstep.start(trace.config);
  for (const Event& event : trace.events) {
    if (auto divergence = lockstep.advance(event)) return divergence;
    progress.beat(so_far.messages + lockstep.stats().messages);
    if (!steering_) continue;
    for (const std::size_t feature : walk.event(lockstep)) shown_.set(feature);
  }
  return std::nullopt;
}

void InputChecker::check_lockstep(const harness::Trace& trace, const std::string& save_as, CheckResult& result,
                                  Progress& progress) {
  progress.about_to_drive(trace);
  harness::Lockstep lockstep(*subject_, {});
  auto divergence = run(lockstep, trace, result, progress);
  add_stats(result, lockstep.stats());
  result.compared |= divergence ? divergence->earlier : lockstep.stats().clauses;
  progress.step(result.agreed + result.diverged, 0, result.messages);
  if (!divergence) return;
  ++result.diverged;
  add_finding(trace, *divergence, save_as, result, progress);
}

// From before the library is loaded on, in the process that loads it.
void InputChecker::look_for_leaks(Progress& progress) {
  if (provider_) leaks_.emplace(*provider_, [&progress] { progress.beat(); });
}

std::string InputChecker::try_provider() {
  subject_->reset({});
  return provider_->description();
}

void InputChecker::add_conduct(CheckResult& result) const {
  if (!provider_) return;
  result.provider = provider_->description();
  result.conduct = provider_->counts();
}

harness::Trace InputChecker::with_epilogue(harness::Trace trace) const {
  std::uint32_t id = 0;
  for (const Event& e : trace.events) id = std::max(id, e.id);
  harness::Block block;
  block.first = trace.events.size();
  trace.events.push_back({id + 1, event::Clock{options_.provider.patience.ms}});
  trace.events.push_back({0, event::Loop{0}});
  trace.events.push_back({id + 2, event::Destroy{}});
  trace.events.push_back({0, event::Loop{0}});
  block.last = trace.events.size() - 1;
  trace.blocks.push_back(std::move(block));
  return trace;
}

// Each attempt in a process of its own: a smaller trace may do worse things.
harness::Trace InputChecker::smallest(const harness::Trace& trace, const harness::Probe& probe, std::size_t most,
                                      const std::function<bool()>& enough, Progress& progress) {
  const harness::Probe alive = [&, apart = isolated(probe, options_.provider.call_s)](const SwitchConfig& config,
                                                                                      std::span<const Event> events) {
    progress.beat();
    return apart(config, events);
  };
  harness::MinimizeLimits limits;
  limits.max_probes = most;
  limits.enough = enough;
  return harness::minimize(trace, alive, limits).value_or(trace);
}

void InputChecker::add_raw(harness::Finding finding, const std::string& save_as, CheckResult& result,
                           Progress& progress) {
  if (!save_as.empty()) finding.file = save_trace(finding.trace, save_as, result);
  result.findings.push_back(std::move(finding));
  progress.tell(encode_result(result));
}

void InputChecker::replace_raw(harness::Finding finding, CheckResult& result) {
  finding.file = result.findings.back().file;
  if (!finding.file.empty()) save_trace(finding.trace, finding.file, result);
  add_failure(result, finding.report);
  result.findings.back() = std::move(finding);
}

void InputChecker::check_growth(const harness::Trace& trace, bool thoroughly, const std::string& save_as,
                                CheckResult& result, Progress& progress) {
  constexpr std::size_t leak = clause("PROV-12");
  if (known_[leak] || !harness::can_count_allocations()) return;
  Leaks& leaks = *leaks_;
  const bool held = leaks.more_than_ever() && leaks.holds_more(trace.config, trace.events);
  const bool grows = held || (thoroughly && leaks.maps_more(trace.config, trace.events));
  if (const auto repeated = leaks.take_differing()) add_repeated(trace, *repeated, save_as, result, progress);
  if (!grows) return;
  known_.set(leak);
  const harness::Probe probe = [&](const SwitchConfig& config,
                                   std::span<const Event> events) -> std::optional<std::size_t> {
    if (events.empty()) return std::nullopt;
    const bool more = held ? leaks.holds_more(config, events) : leaks.maps_more(config, events);
    return more ? std::optional(events.size() - 1) : std::nullopt;
  };
  const auto finding_of = [&](const harness::Trace& shown) {
    harness::Divergence d;
    d.event_index = shown.events.empty() ? 0 : shown.events.size() - 1;
    d.note = held ? "the provider holds more memory each time that this is driven from create() to dealloc()"
                  : "the process has more address space each time that this is driven from create() to dealloc()";
    d.clauses.set(leak);
    return harness::finding_of(shown, d, subject_->name());
  };
  ++result.diverged;
  add_raw(finding_of(trace), save_as, result, progress);
  const auto enough = until_.minimizing();
  const harness::Trace small = smallest(trace, probe, held ? kProviderProbes : kGrowthProbes, enough, progress);
  harness::Finding finding = finding_of(small);
  if (held) finding.report += "\n" + leaks.describe(small.config, small.events);
  if (enough()) finding.report += fmt::format("\n({})", kNotSmaller);
  replace_raw(std::move(finding), result);
}

// What shows when a trace is driven for the Nth time depends on all that was driven before, so it is not made small.
void InputChecker::add_repeated(const harness::Trace& trace, const Leaks::Repeated& repeated,
                                const std::string& save_as, CheckResult& result, Progress& progress) {
  ++result.diverged;
  harness::Finding finding = harness::finding_of(trace, repeated.divergence, subject_->name());
  finding.report += fmt::format(
      "\nIt showed when this was driven again to look for memory that is not given back, at repetition {} of this "
      "process; before, model and provider agreed.",
      repeated.repetition);
  add_failure(result, finding.report);
  add_raw(std::move(finding), save_as, result, progress);
}

void InputChecker::add_finding(const harness::Trace& trace, const harness::Divergence& divergence,
                               const std::string& save_as, CheckResult& result, Progress& progress) {
  const std::size_t most = provider_ ? kProviderFindings : kMinimizedFindings;
  if (result.findings.size() >= most || known_.any()) {  // of many, only those about something else
    harness::ClauseSet known = known_;
    for (const auto& finding : result.findings) known |= finding.clauses;
    const harness::ClauseSet fresh = harness::suspects(trace.config, divergence) & ~known;
    add_failure(result, fmt::format("{} diverges, too", save_as.empty() ? result.input : save_as));
    if (fresh.none()) return;
  }
  add_raw(harness::finding_of(trace, divergence, subject_->name()), save_as, result, progress);
  harness::MinimizeLimits limits;
  limits.max_probes = 5000;
  limits.enough = until_.minimizing();
  const harness::Probe probe = harness::shows(*subject_, {}, harness::symptom_of(divergence));
  const harness::Trace small = provider_ ? smallest(trace, probe, kProviderProbes, limits.enough, progress)
                                         : harness::minimize(trace, probe, limits).value_or(trace);
  const auto again = [&] {
    std::optional<harness::Repetition> uncounted;
    if (provider_) uncounted.emplace(*provider_);
    return harness::Lockstep(*subject_, {}).run(small.config, small.events);
  }();
  harness::Finding finding = harness::finding_of(again ? small : trace, again.value_or(divergence), subject_->name());
  const std::string cut = limits.enough() ? fmt::format("; {}", kNotSmaller) : "";
  finding.report += again ? fmt::format("\n({} inputs, minimized from {}{})", inputs_of(small), inputs_of(trace), cut)
                          : "\nIt did not show itself again.";
  replace_raw(std::move(finding), result);
}

// The model against the recordings and, where no erratum is involved, the built-in switch as well.
void InputChecker::check_recordings(const std::string& file, CheckResult& result, Progress& progress) {
  const bool original = !options_.edition || options_.edition == harness::kOriginal;
  const bool impl_too = original && options_.subject == "builtin";
  const model::Errata errata =
      harness::parse_edition(options_.edition.value_or(std::string(harness::kOriginal))).value_or(model::Errata{});
  harness::AnswerBook answers;
  const auto impl = harness::make_builtin_subject([&](const Observation& asked) { return answers.answer(asked); });
  harness::SubjectReplayCounts counts;
  harness::read_recordings(file, [&](const harness::Recording& recording) {
    harness::ReplayResult one = harness::replay(recording, errata);
    add_stats(result, one.stats);
    result.agreed += one.verdict == harness::ReplayVerdict::agreed;
    result.outside += one.verdict == harness::ReplayVerdict::outside;
    if (one.verdict == harness::ReplayVerdict::diverged) {
      ++result.diverged;
      std::string what =
          one.divergence ? harness::print_difference(*one.divergence, recording.events) : one.dump_difference;
      add_failure(result, fmt::format("{} differs in step {}:\n{}", recording.id, one.step, what));
    } else if (impl_too) {
      progress.about_to_drive(harness::trace_of(recording));
      harness::SubjectReplay replayed = harness::replay_subject(recording, *impl, answers);
      counts.add(replayed);
      if (replayed.divergence) {
        ++result.diverged;
        add_failure(result, fmt::format("{}: {}", recording.id,
                                        harness::print_report(recording.config, recording.events, *replayed.divergence,
                                                              impl->name())));
      }
    }
    progress.step(result.agreed + result.outside + result.diverged, 0, result.messages);
    progress.reading();
    return !until_.over();
  });
  if (impl_too) result.notes.push_back(fmt::format("{}: {}", impl->name(), counts.print()));
}

void InputChecker::check_packets(const std::string& file, CheckResult& result, Progress& progress) {
  progress.step(0, 0, 0);
  harness::PacketsReport report = harness::check_packets(file, *subject_);
  add_stats(result, report.stats);
  result.agreed = report.model.agreed + report.model.covered;
  result.covered = report.model.covered;
  result.diverged = report.failures;
  for (const auto& use : report.labels) {
    result.notes.push_back(fmt::format("{} frames {}: {} ({})", use.count, use.label, use.reason, use.clause));
  }
  for (const auto& difference : report.differences) add_failure(result, difference);
}

// The switch in the capture. What else is checked plays what was said to it.
void InputChecker::check_session(const std::string& file, CheckResult& result, Progress& progress) {
  progress.step(0, 0, 0);
  const harness::Profile* profile = profile_ ? &*profile_ : nullptr;
  if (provider_) {
    result.kind = "trace";
    result.notes.emplace_back("converted and played: the replies in the capture are those of another switch");
    return check_trace(harness::read_any_trace(file, {}, profile), result, progress);
  }
  const harness::SessionReport report = harness::check_session(file, *subject_, profile);
  add_session(report, result);
  if (report.divergence) {
    ++result.diverged;
    add_finding(report.trace, *report.divergence, {}, result, progress);
  }
}

harness::GeneratorOptions InputChecker::what_is_generated() const {
  harness::GeneratorOptions what;
  what.scripted = provider_ == nullptr;
  what.limits = !profile_;
  return what;
}

void InputChecker::keep(const std::vector<harness::Steering::Kept>& kept) {
  if (options_.provider.in_process) return;  // it was this process
  for (const auto& one : kept) steering_->keep(one);
}

harness::Trace InputChecker::generated_trace(std::uint64_t n) const {
  harness::Trace trace;
  if (steering_) {
    trace = steering_->trace(n);
  } else if (n < options_.random) {
    trace = harness::generate(options_.seed + n, what_is_generated());
    if (profile_) trace = harness::restricted(*profile_, std::move(trace));
  } else {
    SwitchConfig config = profile_ ? harness::config_of(*profile_) : harness::default_config();
    config.provider = ProviderMode::simulated;
    trace = probe::table_with_probes(options_.seed + n - options_.random, config, profile_ ? &*profile_ : nullptr);
  }
  return provider_ ? with_epilogue(std::move(trace)) : trace;
}

std::string InputChecker::file_of(const std::string& what, std::uint64_t n) const {
  if (steering_) return fmt::format("{}/{}-seed-{}-{}.trace", options_.out, what, options_.seed, n);
  const bool table = n >= options_.random;
  return fmt::format("{}/{}-{}-{}.trace", options_.out, what, table ? "table" : "seed",
                     options_.seed + (table ? n - options_.random : n));
}

CheckResult InputChecker::check_generated(const std::string& name, std::uint64_t first, std::uint64_t count,
                                          const harness::ClauseSet& known, Progress& progress) {
  CheckResult result;
  result.input = name;
  result.kind = "random";
  known_ = known;
  look_for_leaks(progress);
  const auto keep_kept = [&] {
    if (steering_) std::ranges::move(steering_->take_kept(), std::back_inserter(result.kept));
  };
  try {
    auto told = std::chrono::steady_clock::now();
    for (std::uint64_t i = first; i < first + count && !until_.over(); ++i) {
      const std::uint64_t before = result.diverged;
      const harness::Trace trace = generated_trace(i);
      check_lockstep(trace, file_of("diverged", i), result, progress);
      if (steering_ && result.diverged == before) steering_->showed(i, shown_);
      if (provider_ && result.diverged == before) {
        check_growth(trace, i < kGrowthFirst || i % kGrowthEvery == 0, file_of("grows", i), result, progress);
      }
      progress.step(i + 1 - first, count, result.messages);
      if (result.diverged == before) ++result.agreed;
      if (std::chrono::steady_clock::now() - told < kTellEvery) continue;
      keep_kept();
      progress.tell(encode_result(result));
      told = std::chrono::steady_clock::now();
    }
  } catch (const harness::SubjectLost& e) { result.lost = e.what(); } catch (const std::bad_alloc&) {
    result.bad_input = out_of_memory(name);
  } catch (const harness::ProviderRefused& e) { result.bad_input = e.what(); }
  keep_kept();
  if (result.bad_input.empty()) add_conduct(result);
  return result;
}

}  // namespace oftwin::cli

#include "cli/check_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/subjects.h"
#include "harness/applicable.h"
#include "harness/capture.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/generator.h"
#include "harness/minimize.h"
#include "harness/packets.h"
#include "harness/replay.h"
#include "harness/replay_subject.h"
#include "harness/report.h"
#include "harness/session.h"
#include "harness/subject/builtin.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

constexpr std::size_t kShownFailures = 3;       // of one input, in full
constexpr std::size_t kMinimizedFindings = 10;  // of one input, whatever they are about

void add_failure(CheckResult& result, const std::string& text) {
  if (result.failures.size() < kShownFailures)
    result.failures.push_back(text);
  else if (result.failures.size() == kShownFailures)
    result.failures.emplace_back("... and more");
}

void add_stats(CheckResult& result, const harness::Stats& stats) {
  result.events += stats.events;
  result.messages += stats.messages;
  result.clauses |= stats.clauses;
}

std::size_t inputs_of(const harness::Trace& trace) {
  return static_cast<std::size_t>(std::count_if(trace.events.begin(), trace.events.end(), [](const Event& e) {
    return !std::holds_alternative<event::Loop>(e.body);
  }));
}

}  // namespace

InputChecker::InputChecker(const CheckOptions& options) : options_(options), subject_(make_subject(options.subject)) {
  if (!options.profile.empty()) profile_ = harness::read_profile(options.profile);
}

void InputChecker::must_be_comparable(const std::string& what) const {
  const std::string edition = options_.edition.value_or(std::string(harness::kCorrected));
  if (harness::parse_edition(edition).value_or(model::Errata{}).none()) return;
  throw UsageError(
      fmt::format("{}: the subject '{}' does what edition corrected says; edition {} can be held against "
                  "recordings and against traces with expectations only",
                  what, options_.subject, edition));
}

CheckResult InputChecker::check(const std::string& file, Progress& progress) {
  CheckResult result;
  result.input = file;
  try {
    switch (harness::kind_of_file(file)) {
      case harness::FileKind::text:
      case harness::FileKind::binary:
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
  } catch (const harness::SubjectLost& e) { result.lost = e.what(); } catch (const std::runtime_error& e) {
    result.bad_input = e.what();
  }
  return result;
}

// The subject against the model; and what the trace says of itself.
void InputChecker::check_trace(harness::Trace trace, CheckResult& result, Progress& progress) {
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
    check_lockstep(trace, {}, result, progress);
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

void InputChecker::check_lockstep(const harness::Trace& trace, const std::string& save_as, CheckResult& result,
                                  Progress& progress) {
  progress.about_to_drive(trace);
  harness::Lockstep lockstep(*subject_, {});
  auto divergence = lockstep.run(trace.config, trace.events);
  add_stats(result, lockstep.stats());
  result.compared |= divergence ? divergence->earlier : lockstep.stats().clauses;
  progress.step(result.agreed + result.diverged, 0, result.messages);
  if (!divergence) return;
  ++result.diverged;
  add_finding(trace, *divergence, save_as, result);
}

void InputChecker::add_finding(const harness::Trace& trace, const harness::Divergence& divergence,
                               const std::string& save_as, CheckResult& result) {
  if (result.findings.size() >= kMinimizedFindings) {  // of many, only those that are about something else
    harness::ClauseSet known;
    for (const auto& finding : result.findings) known |= finding.clauses;
    const harness::ClauseSet fresh = harness::suspects(trace.config, divergence) & ~known;
    add_failure(result, fmt::format("{} diverges, too", save_as.empty() ? result.input : save_as));
    if (fresh.none()) return;
  }
  harness::MinimizeLimits limits;
  limits.max_probes = 5000;
  harness::Trace small = harness::minimize_divergence(trace, *subject_, {}, limits).value_or(trace);
  harness::Lockstep lockstep(*subject_, {});
  const auto again = lockstep.run(small.config, small.events);
  harness::Finding finding = harness::finding_of(again ? small : trace, again.value_or(divergence), subject_->name());
  finding.report += again ? fmt::format("\n({} inputs, minimized from {})", inputs_of(small), inputs_of(trace))
                          : "\nIt did not show itself again.";
  finding.file = save_as;
  if (!save_as.empty()) {
    harness::write_file(save_as, finding.trace);
    result.saved = save_as;
  }
  add_failure(result, finding.report);
  result.findings.push_back(std::move(finding));
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
    return true;
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

void InputChecker::check_session(const std::string& file, CheckResult& result, Progress& progress) {
  progress.step(0, 0, 0);
  harness::SessionReport report = harness::check_session(file, *subject_);
  add_stats(result, report.stats);
  result.compared |= report.divergence ? report.divergence->earlier : report.stats.clauses;
  (report.agreed() ? result.agreed : result.diverged) = 1;
  result.notes.push_back(fmt::format("replies of the real switch: {} equal, {} covered, {} differ, {} not answered",
                                     report.replies.equal, report.replies.covered, report.replies.differing,
                                     report.replies.silent));
  for (const auto& known : report.known) {
    result.notes.push_back(fmt::format("{} times {} ({}): {}", known.used, known.label, known.clause, known.reason));
  }
  if (report.divergence) add_finding(report.trace, *report.divergence, {}, result);
  for (const auto& problem : report.problems) add_failure(result, problem);
}

CheckResult InputChecker::check_random(const std::string& name, Progress& progress) {
  CheckResult result;
  result.input = name;
  result.kind = "random";
  try {
    for (std::uint64_t i = 0; i < options_.random; ++i) {
      harness::Trace trace = harness::generate(options_.seed + i, {.limits = !profile_});
      if (profile_) trace = harness::restricted(*profile_, std::move(trace));
      const std::uint64_t before = result.diverged;
      check_lockstep(trace, fmt::format("{}/diverged-seed-{}.trace", options_.out, options_.seed + i), result,
                     progress);
      progress.step(i + 1, options_.random, result.messages);
      if (result.diverged == before) ++result.agreed;
    }
  } catch (const harness::SubjectLost& e) { result.lost = e.what(); }
  return result;
}

}  // namespace oftwin::cli

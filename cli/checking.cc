#include "cli/checking.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "cli/exit_codes.h"
#include "cli/subjects.h"
#include "harness/files.h"
#include "harness/subject/provider_library.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBatch = 2000, kSteeredBatch = 500;  // generated traces for one process
constexpr std::uint64_t kMostHangs = 10;                     // of a campaign by hanging; by then it is clear

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

bool hung(const IsolatedOutcome& outcome) { return outcome.end == End::hung; }

// What a provider did beside what it was asked for, and what was done about it.
void note_excesses(const IsolatedOutcome& outcome, CheckResult& result) {
  if (outcome.foreign > 0) {
    result.notes.push_back(
        fmt::format("the provider wrote {} bytes to descriptors that are not its own", outcome.foreign));
  }
  if (outcome.strays > 0) {
    result.notes.push_back(fmt::format("the provider left {} processes behind; they were ended", outcome.strays));
  }
}

std::string lost_file(const CheckOptions& options, const std::string& input) {
  std::string name = std::filesystem::path(input).filename().string();
  std::replace(name.begin(), name.end(), ' ', '-');
  return fmt::format("{}/lost-{}.trace", options.out, name);
}

// A trace with which the subject was lost. What cannot be saved is in the report.
std::string save(harness::Trace trace, const std::string& comment, const std::string& file, CheckResult& result) {
  if (file.empty()) return "";
  trace.comments = {comment};
  return save_trace(harness::print_trace(trace), file, result);
}

}  // namespace

Checking::Checking(const CheckOptions& options, const Until& until)
    : options_(options), until_(until), checker_(options, until), provider_(make_provider(options.subject) != nullptr) {
  if (!options.corpus.empty()) corpus_.emplace(options.corpus);
}

std::optional<CheckResult> Checking::try_provider() {
  if (!provider_) return std::nullopt;
  const IsolatedOutcome outcome = run_isolated(how("loading"), [&](Progress&) {
    try {
      checker_.try_provider();
      return std::string();
    } catch (const harness::ProviderRefused& why) { return std::string(why.what()); }
  });
  if (outcome.result && !outcome.result->empty()) throw UsageError(*outcome.result);
  if (outcome.result || outcome.stopped) return std::nullopt;
  CheckResult result;
  result.input = "loading";
  result.kind = "provider";
  add_loss(outcome, harness::Trace{}, "", result);
  return result;
}

CheckResult Checking::file(const std::string& file) {
  const auto begin = Clock::now();
  begin_to_hear();
  IsolateOptions heard = how(file);
  heard.told = [this](const std::string& told) { hear(told); };
  const IsolatedOutcome outcome =
      run_isolated(heard, [&](Progress& p) { return encode_result(checker_.check(file, p)); });
  CheckResult result;
  if (outcome.result) {
    result = decode_result(*outcome.result);
  } else {
    if (!told_.empty()) result = decode_result(told_);
    result.input = file;
    if (result.kind.empty()) result.kind = "file";
    if (outcome.reading && !outcome.stopped) {
      result.bad_input = fmt::format("{}: cannot be read: {}", file, outcome.why);
      return result;
    }
    if (!outcome.stopped) add_loss(outcome, outcome.trace, lost_file(options_, file), result);
  }
  note_excesses(outcome, result);
  if (outcome.stopped) result.notes.push_back("left before its end: " + until_.why());
  result.seconds = seconds_since(begin);
  return result;
}

CheckResult Checking::generated() {
  const auto begin = Clock::now();
  CheckResult all;
  all.input = generated_text(options_);
  all.kind = "random";
  std::uint64_t losses = 0, hangs = 0;
  std::uint64_t at = 0;
  while (at < options_.generated() && all.bad_input.empty() && !until_.over()) {
    const std::uint64_t first = at;
    const std::uint64_t count = std::min(options_.steered ? kSteeredBatch : kBatch, options_.generated() - at);
    const IsolatedOutcome outcome = batch(all, first, count);
    note_excesses(outcome, all);
    if (outcome.result) {
      take(*outcome.result, all);
      at += count;
      continue;
    }
    if (!told_.empty()) at += take(told_, all);
    if (outcome.stopped) break;
    const std::uint64_t lost = first + std::min(outcome.done, count - 1);
    if (lost > at) {
      if (const auto before = batch(all, at, lost - at); before.result) take(*before.result, all);
    }
    add_loss(outcome, outcome.trace, checker_.file_of("lost", lost), all);
    at = lost + 1;
    ++losses;
    hangs += hung(outcome);
    if (provider_ && hangs < kMostHangs) continue;
    if (at < options_.generated()) all.notes.push_back(fmt::format("given up after {} traces", at));
    break;
  }
  if (until_.over()) all.notes.push_back((options_.steered ? "ended: " : "ended early: ") + until_.why());
  if (losses > 1) all.lost += fmt::format(" (the first of {} losses)", losses);
  all.seconds = seconds_since(begin);
  return all;
}

void Checking::begin_to_hear() {
  told_.clear();
  findings_heard_ = kept_heard_ = 0;
}

void Checking::hear(const std::string& result) {
  told_ = result;
  const CheckResult newest = decode_result(result);
  for (; findings_heard_ < newest.findings.size(); ++findings_heard_) {
    announce(newest.findings[findings_heard_], options_);
  }
  if (kept_heard_ >= newest.kept.size()) return;
  checker_.keep({newest.kept.begin() + static_cast<std::ptrdiff_t>(kept_heard_), newest.kept.end()});
  kept_heard_ = newest.kept.size();
  if (corpus_) corpus_->keep(checker_.steering()->corpus());
}

std::uint64_t Checking::take(const std::string& result, CheckResult& all) {
  hear(result);
  CheckResult part = decode_result(result);
  part.kept.clear();
  const std::uint64_t traces = part.agreed + part.diverged;
  all += std::move(part);
  return traces;
}

IsolateOptions Checking::how(const std::string& label) const {
  IsolateOptions out;
  if (provider_) out = isolation_for(options_.provider, label);
  if (known_to_hang_) out.hang = std::min(out.hang, std::chrono::milliseconds(1000));
  out.label = label;
  out.enough = [this] { return until_.over(); };
  return out;
}

IsolatedOutcome Checking::batch(const CheckResult& so_far, std::uint64_t first, std::uint64_t count) {
  harness::ClauseSet known;
  for (const auto& finding : so_far.findings) known |= finding.clauses;
  begin_to_hear();
  IsolateOptions heard = how(so_far.input);
  heard.told = [this](const std::string& result) { hear(result); };
  return run_isolated(heard, [&](Progress& p) {
    return encode_result(checker_.check_generated(so_far.input, first, count, known, p));
  });
}

// A loss of a kind that is not known yet is made small.
void Checking::add_loss(const IsolatedOutcome& outcome, const std::optional<harness::Trace>& trace,
                        const std::string& file, CheckResult& result) {
  const Loss loss = loss_of(outcome);
  if (loss.hosts_fault) {
    result.bad_input = fmt::format("{}: oftwin itself failed here, which is not the subject's fault: {}{}",
                                   result.input, loss.how, loss.end == End::no_memory ? " (see --memory)" : "");
    return;
  }
  if (result.lost.empty()) result.lost = provider_ ? loss.how : outcome.why;
  if (!trace) return;
  note_exit_code(kLost);
  if (!provider_) {
    save(*trace, "The subject was lost while this was driven: " + outcome.why + ".", file, result);
    return;
  }
  if (std::any_of(losses_.begin(), losses_.end(), [&](const Loss& known) { return known.like(loss); })) return;
  losses_.push_back(loss);
  known_to_hang_ = known_to_hang_ || hung(outcome);
  harness::Finding raw = finding_of(*trace, loss, checker_.subject().name());
  raw.file = save(*trace, "The provider was lost: " + loss.how + ".", file, result);
  announce(raw, options_);
  harness::MinimizeLimits effort;
  effort.enough = until_.minimizing();
  const harness::Trace small =
      trace->events.empty() ? *trace : minimize_loss(*trace, loss, checker_.subject(), options_.provider, effort);
  harness::Finding finding = finding_of(small, loss, checker_.subject().name());
  if (effort.enough()) finding.report += "\n(" + std::string(kNotSmaller) + ")\n";
  finding.file = save(small, "The provider was lost: " + loss.how + ".", raw.file, result);
  add_failure(result, finding.report);
  result.findings.push_back(std::move(finding));
}

}  // namespace oftwin::cli

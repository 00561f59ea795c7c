#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "cli/check_input.h"
#include "cli/check_live.h"
#include "cli/inputs.h"
#include "cli/isolate.h"
#include "cli/judge.h"
#include "cli/lost.h"
#include "cli/probe_switch.h"
#include "cli/results.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/subject/provider_library.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

constexpr std::uint64_t kBatch = 2000;    // generated traces for one process
constexpr std::uint64_t kMostHangs = 10;  // of a campaign by hanging; by then it is clear

std::string lost_file(const CheckOptions& options, const std::string& input) {
  std::string name = std::filesystem::path(input).filename().string();
  std::replace(name.begin(), name.end(), ' ', '-');
  return fmt::format("{}/lost-{}.trace", options.out, name);
}

// One input after the other, each in a process of its own; what is lost there is looked into here.
class Checking {
 public:
  Checking(const CheckOptions& options, const Until& until)
      : options_(options), until_(until), checker_(options), provider_(make_provider(options.subject) != nullptr) {}

  InputChecker& checker() { return checker_; }

  // throws UsageError if the provider, if it is one, can't be used.
  std::optional<CheckResult> try_provider() {
    if (!provider_) return std::nullopt;
    const IsolatedOutcome outcome = run_isolated(how("loading"), [&](Progress&) {
      try {
        checker_.try_provider();
        return std::string();
      } catch (const harness::ProviderRefused& why) { return std::string(why.what()); }
    });
    if (outcome.result && !outcome.result->empty()) throw UsageError(*outcome.result);
    if (outcome.result) return std::nullopt;
    CheckResult result;
    result.input = "loading";
    result.kind = "provider";
    add_loss(outcome, harness::Trace{}, "", result);
    return result;
  }

  CheckResult file(const std::string& file) {
    return timed([&] {
      const IsolatedOutcome outcome =
          run_isolated(how(file), [&](Progress& p) { return encode_result(checker_.check(file, p)); });
      if (outcome.result) return decode_result(*outcome.result);
      CheckResult result;
      result.input = file;
      result.kind = "file";
      add_loss(outcome, outcome.trace, lost_file(options_, file), result);
      return result;
    });
  }

  // All that is generated. A process that is lost costs the trace that it was lost with, and no other.
  CheckResult random() {
    return timed([&] {
      CheckResult all;
      all.input = generated_text(options_);
      all.kind = "random";
      std::uint64_t losses = 0, hangs = 0;
      std::uint64_t at = 0;
      while (at < options_.generated() && all.bad_input.empty() && !until_.over()) {
        const std::uint64_t count = std::min(kBatch, options_.generated() - at);
        const IsolatedOutcome outcome = batch(all, at, count);
        if (outcome.result) {
          all += decode_result(*outcome.result);
          at += count;
          continue;
        }
        const std::uint64_t lost = at + std::min(outcome.done, count - 1);
        if (const auto before = batch(all, at, lost - at); before.result) all += decode_result(*before.result);
        add_loss(outcome, outcome.trace, checker_.file_of("lost", lost), all);
        at = lost + 1;
        ++losses;
        hangs += hung(outcome);
        if (provider_ && hangs < kMostHangs) continue;
        if (at < options_.generated())
          all.notes.push_back(fmt::format("given up after {} of {}", at, options_.generated()));
        break;
      }
      if (until_.over()) all.notes.push_back("ended early: " + until_.why());
      if (losses > 1) all.lost += fmt::format(" (the first of {} losses)", losses);
      return all;
    });
  }

 private:
  template <class Work>
  static CheckResult timed(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    CheckResult result = work();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
  }

  static bool hung(const IsolatedOutcome& outcome) { return outcome.why.starts_with("it did nothing"); }

  IsolateOptions how(const std::string& label) const {
    if (provider_) {
      IsolateOptions guarded = isolation_for(options_.provider, label);
      if (known_to_hang_) guarded.hang = std::min(guarded.hang, std::chrono::milliseconds(1000));
      return guarded;
    }
    IsolateOptions plain;
    plain.label = label;
    return plain;
  }

  IsolatedOutcome batch(const CheckResult& so_far, std::uint64_t first, std::uint64_t count) {
    harness::ClauseSet known;
    for (const auto& finding : so_far.findings) known |= finding.clauses;
    return run_isolated(how(so_far.input), [&](Progress& p) {
      return encode_result(checker_.check_random(so_far.input, first, count, known, until_, p));
    });
  }

  // A loss of a kind that is not known yet is made small.
  void add_loss(const IsolatedOutcome& outcome, const std::optional<harness::Trace>& trace, const std::string& file,
                CheckResult& result) {
    const Loss loss = loss_of(outcome);
    if (result.lost.empty()) result.lost = provider_ ? loss.how : outcome.why;
    if (!trace) return;
    if (!provider_)
      return save(*trace, "The subject was lost while this was driven: " + outcome.why + ".", file, result);
    if (std::any_of(losses_.begin(), losses_.end(), [&](const Loss& known) { return known.like(loss); })) return;
    losses_.push_back(loss);
    known_to_hang_ = known_to_hang_ || hung(outcome);
    const harness::Trace small =
        trace->events.empty() ? *trace : minimize_loss(*trace, loss, checker_.subject(), options_.provider);
    harness::Finding finding = finding_of(small, loss, checker_.subject().name());
    if (!file.empty()) save(small, "The provider was lost: " + loss.how + ".", file, result);
    finding.file = file;
    add_failure(result, finding.report);
    result.findings.push_back(std::move(finding));
  }

  static void save(harness::Trace trace, const std::string& comment, const std::string& file, CheckResult& result) {
    trace.comments = {comment};
    harness::write_file(file, harness::print_trace(trace));
    result.saved = file;
  }

  const CheckOptions& options_;
  const Until& until_;
  InputChecker checker_;
  const bool provider_;
  std::vector<Loss> losses_;
  bool known_to_hang_ = false;  // then it is not waited for so long again
};

int rewrite(const std::vector<std::string>& files, const CheckOptions& options) {
  for (const auto& file : files) {
    if (harness::kind_of_file(file) != harness::FileKind::text) {
      throw UsageError(file + ": only traces as text have expectations to rewrite");
    }
    std::string text = harness::read_file(file);
    harness::ParsedTrace parsed = harness::parse_trace_text(text, file);
    if (!parsed.trace.edition) parsed.trace.edition = options.edition;
    harness::ModelRun run = harness::run_model(parsed.trace, harness::edition_of(parsed.trace));
    std::string fresh = harness::rewrite_expectations(text, parsed.expectations, run.lines);
    if (fresh != text) {
      harness::write_file(file, fresh);
      fmt::print("{}: rewritten\n", file);
    }
  }
  return 0;
}

void write_reports(const CheckSummary& summary, const CheckOptions& options) {
  if (options.json == "-")
    fmt::print("{}", json_of(summary));
  else if (!options.json.empty())
    harness::write_file(options.json, json_of(summary));
  if (!options.junit.empty()) harness::write_file(options.junit, junit_of(summary));
}

// The end of a check: what was seen, in all the forms that are wanted. The exit code. `results`: print each one, too.
int finish(const CheckSummary& summary, const CheckOptions& options, bool results) {
  const bool print = options.json != "-";
  if (print && results) std::for_each(summary.results.begin(), summary.results.end(), print_result);
  if (print) print_summary(summary);
  write_reports(summary, options);
  if (!options.verdicts.empty()) write_verdicts(verdict_of(summary, options), options.verdicts);
  return summary.exit_code();
}

}  // namespace

std::string generated_text(const CheckOptions& options) {
  std::string out;
  if (options.random > 0) out = fmt::format("random seed {}", options.seed);
  if (options.random > 0 && options.random < kEndless) out += fmt::format(" count {}", options.random);
  if (options.tables == 0) return out;
  return out.empty() ? fmt::format("{} tables, seed {}", options.tables, options.seed)
                     : fmt::format("{} and {} tables", out, options.tables);
  return out;
}

int run_check(const CheckOptions& wanted) {
  if (wanted.probe) return run_probe(wanted);
  CheckOptions options = wanted;
  if (options.time_s > 0 && options.generated() == 0) options.random = kEndless;
  if (options.edition && !harness::parse_edition(*options.edition)) {
    throw UsageError(fmt::format("there is no edition '{}'; corrected, ovs-2011 and lists such as E-03,E-07 are known",
                                 *options.edition));
  }
  std::vector<std::string> files = expand_inputs(options.inputs);
  if (files.empty() && options.generated() == 0) {
    throw UsageError("nothing to check: name files or folders, or --random N, or --tables N, or --time SECONDS");
  }
  if (options.rewrite) return rewrite(files, options);
  must_be_verdicts(options.verdicts);
  const Until until(options.time_s);
  if (is_live(options.subject)) return finish(check_live(options, files, until), options, true);
  Checking checking(options, until);
  if (options.random > 0) checking.checker().must_be_comparable("--random");
  if (options.tables > 0) checking.checker().must_be_comparable("--tables");
  CheckSummary summary;
  summary.subject = options.subject;
  bool print = options.json != "-";
  auto add = [&](CheckResult result) {
    if (print || !result.bad_input.empty()) print_result(result);
    summary.results.push_back(std::move(result));
  };
  if (auto lost = checking.try_provider()) {
    add(std::move(*lost));
  } else {
    for (const auto& file : files) {
      if (!until.over()) add(checking.file(file));
    }
    if (options.generated() > 0) add(checking.random());
  }
  return finish(summary, options, false);
}

}  // namespace oftwin::cli

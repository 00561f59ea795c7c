#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/check_live.h"
#include "cli/checking.h"
#include "cli/inputs.h"
#include "cli/judge.h"
#include "cli/probe_switch.h"
#include "cli/results.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/limits.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

int rewrite(const std::vector<std::string>& files, const CheckOptions& options) {
  for (const auto& file : files) {
    if (harness::kind_of_file(file) != harness::FileKind::text) {
      throw UsageError(file + ": only traces as text have expectations to rewrite");
    }
    std::string text = harness::read_text(file, harness::limits::kTrace, "a trace");
    harness::ParsedTrace parsed = harness::parse_trace_text(text, file);
    if (!parsed.trace.edition) parsed.trace.edition = options.edition;
    harness::ModelRun run = harness::run_model(parsed.trace, harness::edition_of(parsed.trace));
    std::string fresh = harness::rewrite_expectations(text, parsed.expectations, run.lines);
    if (fresh != text) {
      harness::write_file(file, fresh);
      say("{}: rewritten\n", file);
    }
  }
  return 0;
}

void write_reports(const CheckSummary& summary, const CheckOptions& options) {
  if (options.json == "-")
    hand_out(json_of(summary));
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

// Before the work. Where findings go is the user's own concern only if he said so: a check that finds nothing needs no
// folder, and what is found is printed in any case.
void must_be_writable(const CheckOptions& options) {
  for (const std::string& file : {options.json, options.junit}) {
    if (!file.empty() && file != "-") harness::must_be_writable(file);
  }
  for (const std::string& file : options.verdicts) {
    if (file != "-") harness::must_be_writable(file);
  }
  if (options.out_named) harness::must_be_writable_folder(options.out);
}

}  // namespace

std::string generated_text(const CheckOptions& options) {
  std::string out;
  if (options.random > 0) out = fmt::format("{} seed {}", options.steered ? "steered" : "random", options.seed);
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
  must_be_writable(options);
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
    std::size_t left = 0;
    for (const auto& file : files) until.over() ? void(++left) : add(checking.file(file));
    if (left > 0)
      summary.unfinished = fmt::format("{} of {} files were not looked at: {}", left, files.size(), until.why());
    if (options.generated() > 0) add(checking.generated());
  }
  summary.stopped = asked_to_stop();
  return finish(summary, options, false);
}

}  // namespace oftwin::cli

#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "cli/check_input.h"
#include "cli/check_live.h"
#include "cli/inputs.h"
#include "cli/isolate.h"
#include "cli/judge.h"
#include "cli/probe_switch.h"
#include "cli/results.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/expect.h"
#include "harness/files.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

void save_lost_trace(const IsolatedOutcome& outcome, const CheckOptions& options, CheckResult& result) {
  if (!outcome.trace) return;
  std::string name = std::filesystem::path(result.input).filename().string();
  std::replace(name.begin(), name.end(), ' ', '-');
  result.saved = fmt::format("{}/lost-{}.trace", options.out, name);
  harness::Trace trace = *outcome.trace;
  trace.comments = {"The subject was lost while this was driven: " + outcome.why + "."};
  harness::write_file(result.saved, harness::print_trace(trace));
}

template <class Work>
CheckResult isolated(const std::string& input, const char* kind, const CheckOptions& options, Work work) {
  auto begin = std::chrono::steady_clock::now();
  IsolateOptions how;
  how.label = input;
  IsolatedOutcome outcome = run_isolated(how, [&](Progress& p) { return encode_result(work(p)); });
  CheckResult result;
  if (outcome.result) {
    result = decode_result(*outcome.result);
  } else {
    result.input = input;
    result.kind = kind;
    result.lost = outcome.why;
    save_lost_trace(outcome, options, result);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

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

int run_check(const CheckOptions& options) {
  if (options.probe) return run_probe(options);
  if (options.edition && !harness::parse_edition(*options.edition)) {
    throw UsageError(fmt::format("there is no edition '{}'; corrected, ovs-2011 and lists such as E-03,E-07 are known",
                                 *options.edition));
  }
  std::vector<std::string> files = expand_inputs(options.inputs);
  if (files.empty() && options.random == 0 && options.tables == 0)
    throw UsageError("nothing to check: name files or folders, or --random N");
  if (options.rewrite) return rewrite(files, options);
  must_be_verdicts(options.verdicts);
  if (is_live(options.subject)) return finish(check_live(options, files), options, true);
  InputChecker checker(options);
  if (options.random > 0) checker.must_be_comparable("--random");
  CheckSummary summary;
  summary.subject = options.subject;
  bool print = options.json != "-";
  auto add = [&](CheckResult result) {
    if (print || !result.bad_input.empty()) print_result(result);
    summary.results.push_back(std::move(result));
  };
  for (const auto& file : files) {
    add(isolated(file, "file", options, [&](Progress& p) { return checker.check(file, p); }));
  }
  if (options.random > 0) {
    std::string name = fmt::format("random seed {} count {}", options.seed, options.random);
    add(isolated(name, "random", options, [&](Progress& p) { return checker.check_random(name, p); }));
  }
  return finish(summary, options, false);
}

}  // namespace oftwin::cli

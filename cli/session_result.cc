#include "cli/session_result.h"

#include <fmt/format.h>

namespace oftwin::cli {

void add_session(const harness::SessionReport& report, CheckResult& result) {
  constexpr std::size_t kAtLength = 3;
  const harness::ReplyCounts& c = report.replies;
  result.on_switch = report.on_switch;
  result.events = report.stats.events;
  result.messages = c.requests - c.unjudged;
  result.clauses |= report.stats.clauses;
  result.compared |= report.compared;
  result.notes.push_back(
      fmt::format("the switch at {}: {} requests answered as they must be, {} rightly not answered, "
                  "{} with known differences, {} otherwise; {} unasked messages as they must be",
                  report.on_switch, c.equal, c.silent, c.covered, c.differing, c.asynchronous));
  for (const auto& known : report.known) {
    result.notes.push_back(fmt::format("{} times {} ({}): {}", known.used, known.label, known.clause, known.reason));
  }
  std::string reasons;
  for (const auto& [why, times] : report.unjudged) {
    reasons += fmt::format("{}{} times {}", reasons.empty() ? "" : ", ", times, why);
  }
  if (!reasons.empty()) result.notes.push_back("not judged: " + reasons);
  result.notes.insert(result.notes.end(), report.notes.begin(), report.notes.end());

  std::string rest;
  for (std::size_t i = 0; i < report.problems.size(); ++i) {
    const harness::SessionProblem& p = report.problems[i];
    if (i < kAtLength)
      result.failures.push_back(p.text());
    else
      rest += (rest.empty() ? "" : "\n") + p.line();
    harness::Finding finding;
    finding.clauses = p.accused;
    finding.title = fmt::format("{}: {}", report.name, p.line());
    finding.report = p.text();
    result.findings.push_back(std::move(finding));
  }
  if (!rest.empty()) result.failures.push_back(rest);
  if (!report.problems.empty()) {
    ++result.diverged;
  } else if (c.compared() == 0) {
    result.bad_input =
        fmt::format("{}: nothing in the capture can be judged{}{}", result.input, reasons.empty() ? "" : ": ", reasons);
    for (const std::string& note : report.notes) result.bad_input += "; " + note;
  } else {
    ++result.agreed;
  }
}

}  // namespace oftwin::cli

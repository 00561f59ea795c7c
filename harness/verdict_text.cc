// The verdict as text: what failed in full, areas as a table, reasons for what was not tested, the sentence.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/markup.h"
#include "harness/verdict.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

constexpr std::size_t kWidth = 100;

// A list of words behind a label, wrapped.
std::string listed(const std::string& label, const std::vector<std::string>& words) {
  std::string out = label, line;
  for (const std::string& word : words) {
    if (line.size() + word.size() + 1 > kWidth) {
      out += "   " + line + "\n";
      line.clear();
    }
    line += " " + word;
  }
  return out + "   " + line + "\n";
}

std::string areas(const Verdict& verdict) {
  std::map<std::string_view, std::array<std::size_t, 4>> counts;
  std::vector<std::string_view> order;
  for (const ClauseVerdict& v : verdict.clauses) {
    const std::string_view file = clauses()[v.clause].file;
    if (!counts.contains(file)) order.push_back(file);
    ++counts[file][static_cast<std::size_t>(v.ruling)];
  }
  std::string out =
      fmt::format("{:<22}{:>8}{:>8}{:>10}{:>16}\n", "", kRulings[0], kRulings[1], kRulings[2], kRulings[3]);
  for (const std::string_view file : order) {
    const auto& n = counts[file];
    out += fmt::format("{:<22}{:>8}{:>8}{:>10}{:>16}\n", file, n[0], n[1], n[2], n[3]);
  }
  const auto& n = verdict.counts;
  return out + fmt::format("{:<22}{:>8}{:>8}{:>10}{:>16}\n", "all", n[0], n[1], n[2], n[3]);
}

std::string failures(const Verdict& verdict) {
  std::string out;
  for (const ClauseVerdict& v : verdict.clauses) {
    if (v.ruling != Ruling::fail) continue;
    const Clause& c = clauses()[v.clause];
    out += fmt::format("FAIL {} {} (spec/{}:{}): finding", c.id, c.title, c.file, c.line);
    for (const std::size_t f : v.findings) out += fmt::format(" {}", f + 1);
    out += v.why.empty() ? "\n" : fmt::format(" ({})\n", v.why);
  }
  for (std::size_t i = 0; i < verdict.judged.findings.size(); ++i) {
    const Finding& f = verdict.judged.findings[i];
    out += fmt::format("\nFinding {}: {}{}\n", i + 1, f.title, f.rate.empty() ? "" : fmt::format(" ({})", f.rate));
    if (!f.file.empty()) out += fmt::format("The trace is in {}\n", f.file);
    out += "\n" + f.report + (f.report.ends_with('\n') ? "" : "\n");
  }
  return out.empty() ? out : out + "\n";
}

// Clauses that were not tested, by the reason.
std::string reasons(const Verdict& verdict) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const ClauseVerdict& v : verdict.clauses) {
    if (v.why.empty() || v.ruling == Ruling::fail) continue;
    const auto ruling = kRulings[static_cast<std::size_t>(v.ruling)];
    by_reason[fmt::format("{}: {}\n", ruling, v.why)].emplace_back(clauses()[v.clause].id);
  }
  std::string out;
  for (const auto& [reason, ids] : by_reason) out += listed(reason, ids);
  return out.empty() ? out : "\n" + out;
}

std::string readings(const Verdict& verdict) {
  std::string out;
  for (const Reading& r : verdict.judged.readings) {
    out += fmt::format("{:>8} times  {} ({}): {}\n", grouped(r.used), r.label, r.clause, r.reason);
  }
  return out.empty() ? out : "\nRecorded readings, used\n" + out;
}

}  // namespace

std::string print_verdict(const Verdict& verdict) {
  return failures(verdict) + areas(verdict) + reasons(verdict) + readings(verdict) + "\n" + verdict.sentence + "\n";
}

}  // namespace oftwin::harness

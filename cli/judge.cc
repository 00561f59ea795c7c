#include "cli/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

#include "cli/check_live.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "cli/version.h"
#include "harness/files.h"
#include "harness/subject/allocations.h"
#include "spec/clauses.h"

namespace oftwin::cli {
namespace {

using harness::Verdict;

struct Format {
  std::string_view ending;
  std::string (*print)(const Verdict&);
};
constexpr std::array<Format, 5> kFormats = {{
    {".txt", harness::print_verdict},
    {".html", harness::html_of},
    {".json", harness::json_of},
    {".xml", harness::junit_of},
    {".sarif", harness::sarif_of},
}};

const Format* format_of(const std::string& file) {
  const std::string ending = std::filesystem::path(file).extension().string();
  const auto at = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.ending == ending; });
  return at == kFormats.end() ? nullptr : &*at;
}

// What went wrong without a trace that shows it.
harness::Finding unexplained(const CheckResult& result) {
  harness::Finding f;
  f.lost = !result.lost.empty();
  f.title = result.input + (f.lost ? ": the subject was lost: " + result.lost : ": differs");
  f.file = result.saved;
  if (f.lost && !f.file.empty()) f.trace = harness::read_file(f.file);
  for (const auto& failure : result.failures) f.report += failure + "\n";
  if (f.report.empty()) f.report = f.title;
  return f;
}

// The clauses that bind providers: each call was judged by them, if there was one of that kind.
harness::ClauseSet contract_at_work(const harness::ProviderCounts& did) {
  harness::ClauseSet out;
  const bool operations = did.at_once + did.late + did.refused + did.failed > 0;
  for (std::size_t i = 0; i < clauses().size(); ++i) out[i] = operations && clauses()[i].kind == ClauseKind::contract;
  if (did.refused == 0) out.reset(clause("PROV-3"));
  if (did.expired == 0) out.reset(clause("PROV-10"));
  if (!harness::can_count_allocations()) out.reset(clause("PROV-12"));
  return out;
}

bool is_session(const CheckResult& r) { return r.kind == "session"; }

// Who is judged: the switches in captures, and what everything else was checked against.
std::string subject_of(const CheckSummary& summary) {
  std::vector<std::string> captured;
  for (const CheckResult& r : summary.results) {
    if (is_session(r)) captured.push_back(fmt::format("the switch in {} ({})", r.input, r.on_switch));
  }
  if (captured.empty()) return summary.subject;
  const bool all = captured.size() == summary.results.size();
  const std::string switches =
      captured.size() == 1 ? captured[0] : fmt::format("the switches in {} captures", captured.size());
  return all ? switches : fmt::format("{} and {}", summary.subject, switches);
}

bool about_a_provider(const CheckSummary& summary) {
  const auto provider = [](const CheckResult& r) { return !r.provider.empty() || r.kind == "provider"; };
  return std::any_of(summary.results.begin(), summary.results.end(), provider);
}

// What a subject of this kind cannot show.
harness::ClauseSet unseen_by(bool provider, const CheckSummary& summary, const CheckOptions& options) {
  const bool captured = std::all_of(summary.results.begin(), summary.results.end(), is_session);
  harness::ClauseSet out = harness::unseen_on(captured || is_live(options.subject) ? bit(Channel::message) : ~0u);
  for (std::size_t i = 0; i < clauses().size() && !provider; ++i) {
    out[i] = out[i] || clauses()[i].kind == ClauseKind::contract;
  }
  return out;
}

// The poll loop above a provider.
harness::ClauseSet of_the_loop() {
  harness::ClauseSet out;
  for (std::size_t i = 0; i < clauses().size(); ++i) out[i] = clauses()[i].id.starts_with("LOOP-");
  return out;
}

}  // namespace

void must_be_verdicts(const std::vector<std::string>& files) {
  for (const auto& file : files) {
    if (file == "-" || format_of(file)) continue;
    throw UsageError(
        fmt::format("--verdict {}: a name that ends in .txt, .html, .json, .xml or .sarif is wanted, or -", file));
  }
}

Verdict verdict_of(const CheckSummary& summary, const CheckOptions& options) {
  harness::Judged judged;
  judged.subject = subject_of(summary);
  judged.tool = version();
  judged.how = options.command;
  const bool provider = about_a_provider(summary);
  judged.unseen = unseen_by(provider, summary, options);
  if (provider) {
    judged.elsewhere = of_the_loop();
    judged.elsewhere_why = "the poll loop above a provider is not its own";
  }
  if (!options.profile.empty()) {
    judged.profile = harness::read_profile(options.profile);
    judged.subject = fmt::format("{} ({})", judged.profile->name, judged.subject);
  }
  for (const CheckResult& r : summary.results) {
    judged.compared |= r.compared | contract_at_work(r.conduct);
    judged.inputs += r.agreed + r.diverged;
    judged.events += r.events;
    judged.messages += r.messages;
    std::copy(r.findings.begin(), r.findings.end(), std::back_inserter(judged.findings));
    std::copy(r.readings.begin(), r.readings.end(), std::back_inserter(judged.readings));
    const bool told = std::any_of(r.findings.begin(), r.findings.end(),
                                  [&](const harness::Finding& f) { return f.lost || r.lost.empty(); });
    if (!r.ok() && r.bad_input.empty() && !told) judged.findings.push_back(unexplained(r));
  }
  // How often a contract was kept beside is not counted.
  for (const harness::Finding& f : judged.findings) {
    for (std::size_t i = 0; i < clauses().size(); ++i) {
      if (f.clauses[i] && clauses()[i].kind == ClauseKind::contract) judged.compared.reset(i);
    }
  }
  return harness::verdict_of(std::move(judged));
}

void write_verdicts(const Verdict& verdict, const std::vector<std::string>& files) {
  for (const auto& file : files) {
    if (file == "-") {
      say("\n{}", harness::print_verdict(verdict));
    } else {
      harness::write_file(file, format_of(file)->print(verdict));
    }
  }
}

}  // namespace oftwin::cli

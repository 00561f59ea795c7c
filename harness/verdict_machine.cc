// The verdict for machines: JSON, JUnit (what CI shows), SARIF 2.1.0 (what code hosts show).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/markup.h"
#include "harness/verdict.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

using nlohmann::json;

// ASCII only; names and frames from outside may be no UTF-8, and what is not is replaced.
std::string dump(const json& j) { return j.dump(2, ' ', true, json::error_handler_t::replace) + "\n"; }

std::string_view word_of(Ruling ruling) { return kRulings[static_cast<std::size_t>(ruling)]; }

json to_json(const Finding& f) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (f.clauses[i]) ids.emplace_back(clauses()[i].id);
  }
  return {{"clauses", ids}, {"title", f.title}, {"report", f.report}, {"trace", f.trace},
          {"file", f.file}, {"rate", f.rate},   {"lost", f.lost}};
}

std::string place_of(const Clause& c) { return fmt::format("spec/{}:{}", c.file, c.line); }

std::string reports_of(const Verdict& verdict, const ClauseVerdict& v) {
  std::string out;
  for (const std::size_t i : v.findings) out += verdict.judged.findings[i].report + "\n";
  return out;
}

}  // namespace

std::string json_of(const Verdict& verdict) {
  const Judged& judged = verdict.judged;
  json out = {{"subject", judged.subject},    {"tool", judged.tool},          {"how", judged.how},
              {"conforms", verdict.conforms}, {"sentence", verdict.sentence}, {"inputs", judged.inputs},
              {"events", judged.events},      {"messages", judged.messages}};
  if (judged.profile) out["profile"] = judged.profile->file;
  for (std::size_t i = 0; i < kRulings.size(); ++i) out["counts"][std::string(kRulings[i])] = verdict.counts[i];
  out["clauses"] = json::array();
  for (const ClauseVerdict& v : verdict.clauses) {
    const Clause& c = clauses()[v.clause];
    out["clauses"].push_back({{"id", c.id},
                              {"title", c.title},
                              {"place", place_of(c)},
                              {"verdict", word_of(v.ruling)},
                              {"why", v.why},
                              {"findings", v.findings},
                              {"readings", v.readings}});
  }
  out["findings"] = json::array();
  for (const Finding& f : judged.findings) out["findings"].push_back(to_json(f));
  out["readings"] = json::array();
  for (const Reading& r : judged.readings) {
    out["readings"].push_back(
        {{"clause", r.clause}, {"label", r.label}, {"reason", r.reason}, {"used", r.used}, {"left", r.left}});
  }
  return dump(out);
}

std::string junit_of(const Verdict& verdict) {
  const auto count = [&](Ruling r) { return verdict.counts[static_cast<std::size_t>(r)]; };
  // A subject that was lost fails, even if no clause is named.
  std::size_t unnamed = 0;
  for (const Finding& f : verdict.judged.findings) unnamed += f.clauses.none();
  std::string cases;
  for (const ClauseVerdict& v : verdict.clauses) {
    const Clause& c = clauses()[v.clause];
    cases +=
        fmt::format("  <testcase classname=\"{}\" name=\"{} {}\"", escaped_xml(c.file), c.id, escaped_xml(c.title));
    if (v.ruling == Ruling::pass) {
      cases += "/>\n";
    } else if (v.ruling == Ruling::fail) {
      cases +=
          fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                      escaped_xml(verdict.judged.findings[v.findings[0]].title), escaped_xml(reports_of(verdict, v)));
    } else {
      cases += fmt::format("><skipped message=\"{}: {}\"/></testcase>\n", word_of(v.ruling), escaped_xml(v.why));
    }
  }
  for (const Finding& f : verdict.judged.findings) {
    if (f.clauses.any()) continue;
    cases += fmt::format("  <testcase classname=\"subject\" name=\"{}\"><failure>{}</failure></testcase>\n",
                         escaped_xml(f.title), escaped_xml(f.report));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" "
      "skipped=\"{}\">\n{}  <system-out>{}</system-out>\n</testsuite>\n",
      escaped_xml(verdict.judged.subject), verdict.clauses.size() + unnamed, count(Ruling::fail) + unnamed,
      count(Ruling::untested) + count(Ruling::not_applicable), cases, escaped_xml(verdict.sentence));
}

std::string sarif_of(const Verdict& verdict) {
  json rules = json::array(), results = json::array();
  for (const ClauseVerdict& v : verdict.clauses) {
    if (v.ruling != Ruling::fail) continue;
    const Clause& c = clauses()[v.clause];
    rules.push_back({{"id", c.id}, {"shortDescription", {{"text", c.title}}}, {"fullDescription", {{"text", c.text}}}});
    json place = {{"artifactLocation", {{"uri", fmt::format("spec/{}", c.file)}}}, {"region", {{"startLine", c.line}}}};
    for (const std::size_t i : v.findings) {
      const Finding& f = verdict.judged.findings[i];
      if (!f.file.empty()) place = {{"artifactLocation", {{"uri", f.file}}}, {"region", {{"startLine", 1}}}};
      results.push_back({{"ruleId", c.id},
                         {"level", "error"},
                         {"message", {{"text", f.title + "\n\n" + f.report}}},
                         {"locations", {{{"physicalLocation", place}}}}});
    }
  }
  const json driver = {{"name", "oftwin"}, {"version", verdict.judged.tool}, {"rules", rules}};
  return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
               {"version", "2.1.0"},
               {"runs", {{{"tool", {{"driver", driver}}}, {"results", results}}}}});
}

}  // namespace oftwin::harness

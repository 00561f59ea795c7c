#include "cli/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/exit_codes.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "harness/coverage.h"
#include "harness/files.h"
#include "harness/markup.h"
#include "spec/clauses.h"

namespace oftwin::cli {
namespace {

using harness::escaped_xml;
using harness::grouped;
using nlohmann::json;

std::vector<std::string> clause_ids(const harness::ClauseSet& set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    if (set[i]) out.emplace_back(clauses()[i].id);
  }
  return out;
}

harness::ClauseSet clause_set(const std::vector<std::string>& ids) {
  harness::ClauseSet set;
  for (std::size_t i = 0; i < clauses().size(); ++i) {
    set[i] = std::find(ids.begin(), ids.end(), clauses()[i].id) != ids.end();
  }
  return set;
}

json to_json(const harness::Finding& f) {
  return {{"clauses", clause_ids(f.clauses)},
          {"title", f.title},
          {"report", f.report},
          {"trace", f.trace},
          {"file", f.file},
          {"rate", f.rate},
          {"lost", f.lost}};
}

harness::Finding finding(const json& j) {
  return {clause_set(j["clauses"]), j["title"], j["report"], j["trace"], j["file"], j["rate"], j["lost"]};
}

json to_json(const harness::Reading& r) {
  return {{"clause", r.clause}, {"label", r.label}, {"reason", r.reason}, {"used", r.used}, {"left", r.left}};
}

json to_json(const harness::ProviderCounts& c) {
  return {{"at_once", c.at_once},     {"late", c.late},       {"refused", c.refused},   {"failed", c.failed},
          {"no_memory", c.no_memory}, {"expired", c.expired}, {"injected", c.injected}, {"transmitted", c.transmitted},
          {"handed_up", c.handed_up}};
}

harness::ProviderCounts conduct(const json& j) {
  return {j["at_once"], j["late"],     j["refused"],     j["failed"],   j["no_memory"],
          j["expired"], j["injected"], j["transmitted"], j["handed_up"]};
}

// That a provider agrees says little if it refused everything.
std::string print_conduct(const CheckResult& r) {
  const harness::ProviderCounts& c = r.conduct;
  std::string out = fmt::format("{}\n          operations: {} done at once, {} late, {} refused, {} failed; ",
                                r.provider, grouped(c.at_once), grouped(c.late), grouped(c.refused), grouped(c.failed));
  if (c.no_memory > 0) out += fmt::format("{} rules not allocated; ", grouped(c.no_memory));
  return out + fmt::format("{} rules timed out; frames: {} arrived, {} sent, {} handed up", grouped(c.expired),
                           grouped(c.injected), grouped(c.transmitted), grouped(c.handed_up));
}

json to_json(const CheckResult& r) {
  json findings = json::array(), readings = json::array();
  for (const auto& f : r.findings) findings.push_back(to_json(f));
  for (const auto& reading : r.readings) readings.push_back(to_json(reading));
  return {{"input", r.input},
          {"kind", r.kind},
          {"events", r.events},
          {"messages", r.messages},
          {"agreed", r.agreed},
          {"outside", r.outside},
          {"diverged", r.diverged},
          {"covered", r.covered},
          {"clauses", clause_ids(r.clauses)},
          {"notes", r.notes},
          {"failures", r.failures},
          {"bad_input", r.bad_input},
          {"lost", r.lost},
          {"saved", r.saved},
          {"seconds", r.seconds},
          {"findings", findings},
          {"readings", readings},
          {"compared", clause_ids(r.compared)},
          {"compared_something", r.compared_something()},
          {"on_switch", r.on_switch},
          {"provider", r.provider},
          {"conduct", to_json(r.conduct)}};
}

std::uint64_t total(const CheckSummary& s, std::uint64_t CheckResult::* field) {
  std::uint64_t sum = 0;
  for (const auto& r : s.results) sum += r.*field;
  return sum;
}

constexpr std::size_t kCoverageWidth = 300;  // a longer list of what was not hit tells nobody anything

std::string why(const CheckResult& r) {
  if (!r.lost.empty()) return "the subject was lost: " + r.lost;
  if (!r.bad_input.empty()) return r.bad_input;
  return fmt::format("{}", fmt::join(r.failures, "\n"));
}

}  // namespace

std::string encode_result(const CheckResult& result) {
  json j = to_json(result);
  j["kept"] = json::array();
  for (const auto& kept : result.kept) j["kept"].push_back({{"n", kept.n}, {"fresh", kept.fresh}});
  std::string bytes;  // text from outside may be no UTF-8, and arrives as it is
  json::to_cbor(j, bytes);
  return bytes;
}

CheckResult decode_result(const std::string& text) {
  const json j = json::from_cbor(text);
  CheckResult r;
  r.input = j["input"];
  r.kind = j["kind"];
  r.events = j["events"];
  r.messages = j["messages"];
  r.agreed = j["agreed"];
  r.outside = j["outside"];
  r.diverged = j["diverged"];
  r.covered = j["covered"];
  r.clauses = clause_set(j["clauses"]);
  r.compared = clause_set(j["compared"]);
  for (const auto& f : j["findings"]) r.findings.push_back(finding(f));
  for (const auto& one : j["readings"]) {
    r.readings.push_back({one["clause"], one["label"], one["reason"], one["used"], one["left"]});
  }
  r.notes = j["notes"];
  r.on_switch = j["on_switch"];
  r.provider = j["provider"];
  r.conduct = conduct(j["conduct"]);
  r.failures = j["failures"];
  r.bad_input = j["bad_input"];
  r.lost = j["lost"];
  r.saved = j["saved"];
  r.seconds = j["seconds"];
  for (const auto& kept : j["kept"]) r.kept.push_back({kept["n"], kept["fresh"]});
  return r;
}

void add_failure(CheckResult& result, const std::string& text) {
  constexpr std::size_t shown = 3;
  if (result.failures.size() < shown)
    result.failures.push_back(text);
  else if (result.failures.size() == shown)
    result.failures.emplace_back("... and more");
}

CheckResult& CheckResult::operator+=(CheckResult part) {
  events += part.events, messages += part.messages;
  agreed += part.agreed, outside += part.outside, diverged += part.diverged, covered += part.covered;
  clauses |= part.clauses, compared |= part.compared;
  std::ranges::move(part.findings, std::back_inserter(findings));
  std::ranges::move(part.readings, std::back_inserter(readings));
  std::ranges::move(part.notes, std::back_inserter(notes));
  for (const std::string& failure : part.failures) add_failure(*this, failure);
  if (bad_input.empty()) bad_input = part.bad_input;
  if (lost.empty()) lost = part.lost;
  if (!part.saved.empty()) saved = part.saved;
  if (!part.provider.empty()) provider = part.provider;
  conduct += part.conduct;
  std::ranges::move(part.kept, std::back_inserter(kept));
  seconds += part.seconds;
  return *this;
}

harness::ClauseSet CheckSummary::clauses() const {
  harness::ClauseSet all;
  for (const auto& r : results) all |= r.clauses;
  return all;
}

int CheckSummary::exit_code() const {
  int code = stopped ? kStopped : kAgreed;
  for (const auto& r : results) {
    code = worse(code, !r.lost.empty() ? kLost : !r.bad_input.empty() ? kUsage : r.ok() ? kAgreed : kDiverged);
  }
  return code == 0 && !compared_something() ? 2 : code;
}

bool CheckSummary::compared_something() const {
  return std::any_of(results.begin(), results.end(), [](const CheckResult& r) { return r.compared_something(); });
}

std::string CheckSummary::against() const {
  const auto captured = [](const CheckResult& r) { return r.kind == "session"; };
  const bool all = !results.empty() && std::all_of(results.begin(), results.end(), captured);
  return all ? "the specification, for the switches in the captures" : subject;
}

void announce(const harness::Finding& finding, const CheckOptions& options) {
  note_exit_code(finding.lost ? kLost : kDiverged);
  const std::string line = fmt::format("found: {}{}\n", finding.title,
                                       finding.file.empty() ? "" : fmt::format("; the trace is in {}", finding.file));
  options.json == "-" ? complain_text(line) : say_text(line);
  std::fflush(stdout);
}

std::string save_trace(const std::string& text, const std::string& file, CheckResult& result) {
  try {
    harness::write_file(file, text);
    return result.saved = file;
  } catch (const harness::FileError& e) {
    result.notes.push_back(fmt::format("a trace could not be saved: {}", e.what()));
    return "";
  }
}

void print_result(const CheckResult& r) {
  if (r.ok() && r.kind == "trace") return;
  if (!r.bad_input.empty()) {
    complain("{}\n", r.bad_input);
    return;
  }
  std::string counts = fmt::format("{} agreed", grouped(r.agreed));
  if (r.covered) counts += fmt::format(" ({} by labelled differences)", grouped(r.covered));
  if (r.outside) counts += fmt::format(", {} outside", grouped(r.outside));
  if (r.diverged) counts += fmt::format(", {} DIVERGED", grouped(r.diverged));
  if (!r.lost.empty()) counts += ", SUBJECT LOST";
  say("{:<10}{}: {}; {} messages\n", r.kind, r.input, counts, grouped(r.messages));
  if (!r.provider.empty()) say("          {}\n", print_conduct(r));
  for (const auto& note : r.notes) say("          {}\n", note);
  for (const auto& failure : r.failures) say("\n{}\n", failure);
  if (!r.lost.empty()) say("\nThe subject was lost: {}.\n", r.lost);
  if (!r.saved.empty()) say("The trace is in {}\n", r.saved);
}

std::string print_clauses_hit(const harness::ClauseSet& hit) {
  std::string all = harness::print_coverage(hit);
  std::size_t list = all.find(';');
  return all.size() < kCoverageWidth || list == std::string::npos ? all : all.substr(0, list);
}

// What results that need no word have to say where nothing was compared.
void print_why_nothing(const CheckSummary& s) {
  std::map<std::string, std::size_t> reasons;
  for (const CheckResult& r : s.results) {
    if (r.kind == "trace" && r.ok() && !r.notes.empty()) ++reasons[r.notes[0]];
  }
  for (const auto& [reason, times] : reasons) say("{:>9}  {}\n", times, reason);
}

void print_summary(const CheckSummary& s) {
  auto count = [&](auto predicate) { return std::count_if(s.results.begin(), s.results.end(), predicate); };
  auto unreadable = count([](const CheckResult& r) { return !r.bad_input.empty(); });
  auto bad = count([](const CheckResult& r) { return !r.ok(); }) - unreadable;
  std::string verdict = bad                       ? fmt::format("{} did not agree", bad)
                        : unreadable              ? ""
                        : !s.compared_something() ? "NOTHING WAS COMPARED"
                                                  : "all agree";
  if (unreadable) verdict += fmt::format("{}{} could not be judged", bad ? ", " : "", unreadable);
  say("\n{} inputs against {}: {}\n", s.results.size(), s.against(), verdict);
  say("{} events, {} messages checked; {} agreed, {} diverged, {} outside the model\n",
      grouped(total(s, &CheckResult::events)), grouped(total(s, &CheckResult::messages)),
      grouped(total(s, &CheckResult::agreed)), grouped(total(s, &CheckResult::diverged)),
      grouped(total(s, &CheckResult::outside)));
  if (!s.compared_something()) print_why_nothing(s);
  say("{}\n", print_clauses_hit(s.clauses()));
  if (!s.unfinished.empty()) say("{}\n", s.unfinished);
}

std::string json_of(const CheckSummary& s) {
  json j = {{"subject", s.subject},
            {"events", total(s, &CheckResult::events)},
            {"messages", total(s, &CheckResult::messages)},
            {"agreed", total(s, &CheckResult::agreed)},
            {"diverged", total(s, &CheckResult::diverged)},
            {"outside", total(s, &CheckResult::outside)},
            {"covered", total(s, &CheckResult::covered)},
            {"lost", std::any_of(s.results.begin(), s.results.end(), [](const auto& r) { return !r.lost.empty(); })},
            {"clauses", clause_ids(s.clauses())},
            {"clauses_known", clauses().size()},
            {"compared_something", s.compared_something()},
            {"stopped", s.stopped},
            {"unfinished", s.unfinished},
            {"exit_code", s.exit_code()},
            {"inputs", json::array()}};
  for (const auto& r : s.results) j["inputs"].push_back(to_json(r));
  return json_text(j, 2);
}

std::string junit_of(const CheckSummary& s) {
  auto count = [&](int code) {
    return std::count_if(s.results.begin(), s.results.end(), [&](const CheckResult& r) {
      bool error = !r.lost.empty() || !r.bad_input.empty();
      return code == 1 ? !r.ok() && !error : error;
    });
  };
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"oftwin check\" tests=\"{}\" failures=\"{}\" "
      "errors=\"{}\">\n",
      s.results.size(), count(1), count(2));
  for (const auto& r : s.results) {
    out += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"", escaped_xml(r.kind),
                       escaped_xml(r.input), r.seconds);
    if (r.ok()) {
      out += r.compared_something() ? "/>\n"
                                    : fmt::format("><skipped message=\"{}\"/></testcase>\n",
                                                  escaped_xml(r.notes.empty() ? "nothing was compared" : r.notes[0]));
      continue;
    }
    const char* element = r.lost.empty() && r.bad_input.empty() ? "failure" : "error";
    std::string text = why(r);
    out += fmt::format(">\n    <{0} message=\"{1}\">{2}</{0}>\n  </testcase>\n", element,
                       escaped_xml(text.substr(0, text.find('\n'))), escaped_xml(text));
  }
  return out + "</testsuite>\n";
}

}  // namespace oftwin::cli

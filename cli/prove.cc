// `oftwin prove`: the theorems of properties/prove/, decided again, here and now.
#include "properties/prove/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/isolate.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "harness/files.h"

namespace oftwin::cli {

namespace {

using prove::Proven;
using prove::Theorem;

bool wanted(const Theorem& theorem, const ProveOptions& options) {
  if (!options.theorem.empty()) return theorem.name.find(options.theorem) != std::string::npos;
  return options.all || !theorem.slow;
}

void print_instance(const char* title, const prove::Instance& instance) {
  say("  {}{}\n", title, instance.confirmed ? "" : " (machine words do NOT confirm it)");
  for (const auto& [name, what] : instance.shown) say("    {}: {}\n", name, what);
  if (!instance.shown.empty()) return;
  for (const auto& [name, value] : instance.inputs) {
    if (value != 0) say("    {} = {:#x}\n", name, value);
  }
}

void print_proven(const Theorem& theorem, const Proven& p, bool single) {
  say("{} {}\n", p.good() ? "proved" : "FAILED", p.name);
  if (single || !p.good()) say("  {}\n  of {}; clauses {}\n", theorem.statement, theorem.bounds, theorem.clauses);
  say("  z3 {} in {:.2f} s, {} paths, {} obligations", print(p.z3.answer), p.z3.seconds, p.paths, p.obligations);
  if (p.cvc5.answer != prove::Answer::not_asked) say("; cvc5 {} in {:.2f} s", print(p.cvc5.answer), p.cvc5.seconds);
  say("; broken rule {} in {:.2f} s\n", p.of_broken.confirmed ? "refuted" : "NOT REFUTED", p.broken_seconds);
  if (p.counterexample.found) print_instance("counterexample:", p.counterexample);
  if (single && p.example.found) print_instance("for example:", p.example);
  if (single && p.of_broken.found) print_instance(fmt::format("when {}:", theorem.broken).c_str(), p.of_broken);
}

nlohmann::json to_json(const prove::Instance& instance) {
  nlohmann::json j = {{"inputs", instance.inputs}, {"confirmed", instance.confirmed}};
  for (const auto& [name, what] : instance.shown) j["shown"][name] = what;
  return j;
}

nlohmann::json to_json(const Theorem& theorem, const Proven& p) {
  nlohmann::json j = {
      {"name", p.name},
      {"statement", theorem.statement},
      {"of", theorem.bounds},
      {"clauses", theorem.clauses},
      {"good", p.good()},
      {"paths", p.paths},
      {"obligations", p.obligations},
      {"z3", {{"answer", print(p.z3.answer)}, {"seconds", p.z3.seconds}}},
      {"cvc5", {{"answer", print(p.cvc5.answer)}, {"seconds", p.cvc5.seconds}}},
      {"broken", {{"rule", theorem.broken}, {"refuted", p.of_broken.confirmed}, {"seconds", p.broken_seconds}}}};
  if (p.counterexample.found) j["counterexample"] = to_json(p.counterexample);
  return j;
}

// Listing nothing, or exporting nothing, is no success.
void must_name_a_theorem(const ProveOptions& options) {
  const auto named = [&](const Theorem& t) { return options.theorem.empty() || wanted(t, options); };
  if (std::any_of(prove::theorems().begin(), prove::theorems().end(), named)) return;
  throw std::runtime_error(fmt::format("no theorem's name contains '{}'; see --list", options.theorem));
}

int list(const ProveOptions& options) {
  for (const Theorem& theorem : prove::theorems()) {
    if (!options.theorem.empty() && !wanted(theorem, options)) continue;
    say("{}{}\n  {}\n  of {}; clauses {}; refuted when {}\n", theorem.name, theorem.slow ? " (slow)" : "",
        theorem.statement, theorem.bounds, theorem.clauses, theorem.broken);
  }
  return 0;
}

int export_scripts(const ProveOptions& options) {
  for (const Theorem& theorem : prove::theorems()) {
    if (wanted(theorem, options))
      harness::write_file(options.smt + "/" + theorem.name + ".smt2", prove::smt_lib(theorem));
  }
  return 0;
}

// In a process of its own, which can be left in the middle of a question; nullopt: it was. What would be printed is in
// `text`, what is for machines in `result`.
std::optional<nlohmann::json> prove_apart(const Theorem& theorem, const ProveOptions& options) {
  IsolateOptions how;
  how.quiet = true;
  how.hang = std::chrono::hours(24 * 365);  // the solvers have limits of their own
  const IsolatedOutcome outcome = run_isolated(how, [&](Progress&) {
    std::string text;
    hand_out_through([&](std::string_view more) { text += more; });
    try {
      const Proven p = prove::prove(theorem, {!options.cross_check.empty(), options.timeout_s});
      print_proven(theorem, p, !options.theorem.empty());
      const double seconds = p.z3.seconds + p.cvc5.seconds + p.broken_seconds;
      return json_text(
          nlohmann::json{{"good", p.good()}, {"seconds", seconds}, {"text", text}, {"result", to_json(theorem, p)}},
          -1);
    } catch (const std::exception& e) { return json_text(nlohmann::json{{"error", e.what()}}, -1); }
  });
  if (outcome.stopped) return std::nullopt;
  if (!outcome.result) throw std::runtime_error(fmt::format("{}: the solver was lost: {}", theorem.name, outcome.why));
  nlohmann::json answer = nlohmann::json::parse(*outcome.result);
  if (answer.contains("error")) throw std::runtime_error(answer["error"].get<std::string>());
  return answer;
}

void conclude(const ProveOptions& options, const nlohmann::json& results, std::size_t proved, double seconds) {
  const std::size_t asked = results.size();
  if (options.json.empty()) {
    say("{} of {} theorems proved, and refuted when broken, in {:.1f} s of one core\n", proved, asked, seconds);
    return;
  }
  const std::string text = json_text(nlohmann::json{{"theorems", results},
                                                    {"proved", proved},
                                                    {"asked", asked},
                                                    {"seconds", seconds},
                                                    {"stopped", asked_to_stop()}},
                                     2);
  if (options.json == "-")
    hand_out(text);
  else
    harness::write_file(options.json, text);
}

}  // namespace

int run_prove(const ProveOptions& options) {
  must_name_a_theorem(options);
  if (options.list) return list(options);
  if (!options.smt.empty()) return export_scripts(options);
  if (!options.cross_check.empty() && options.cross_check != "cvc5") {
    throw std::runtime_error(fmt::format("--cross-check knows cvc5 only, not '{}'", options.cross_check));
  }
  if (!options.json.empty() && options.json != "-") harness::must_be_writable(options.json);
  const Stoppable stoppable;
  nlohmann::json results = nlohmann::json::array();
  std::size_t proved = 0;
  double seconds = 0;
  for (const Theorem& theorem : prove::theorems()) {
    if (!wanted(theorem, options)) continue;
    const auto answer = asked_to_stop() ? std::nullopt : prove_apart(theorem, options);
    if (!answer) break;
    proved += answer->at("good").get<bool>();
    seconds += answer->at("seconds").get<double>();
    results.push_back(answer->at("result"));
    if (!options.json.empty()) continue;
    hand_out(answer->at("text").get<std::string>());
    std::fflush(stdout);
  }
  conclude(options, results, proved, seconds);
  const int code = proved == results.size() ? kAgreed : kDiverged;
  if (!asked_to_stop()) return code;
  complain("oftwin: {}; what is left was not decided\n", stop_reason());
  return worse(code, kStopped);
}

}  // namespace oftwin::cli

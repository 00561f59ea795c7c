#include "cli/explore.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/say.h"
#include "cli/stop.h"
#include "cli/subjects.h"
#include "harness/edition.h"
#include "harness/files.h"
#include "harness/report.h"
#include "harness/trace_text.h"
#include "properties/explore/evidence.h"
#include "properties/explore/explorer.h"
#include "properties/explore/hunt.h"
#include "properties/explore/path.h"
#include "properties/explore/refinement.h"

namespace oftwin::cli {

namespace {

using namespace oftwin::explore;

bool on_terminal() { return isatty(STDERR_FILENO) != 0; }
double per_second(std::uint64_t n, double seconds) { return static_cast<double>(n) / std::max(seconds, 1e-9); }

int list() {
  say("scopes:\n");
  for (const Scope& s : scopes()) say("  {}: {}\n      {}\n", s.name, s.purpose, describe(s));
  say("invariants:\n");
  for (std::size_t i = 0; i < static_cast<std::size_t>(Invariant::count); ++i) {
    const InvariantInfo& inv = info(static_cast<Invariant>(i));
    say("  {} ({}): {}.\n", inv.name, inv.clause, inv.sentence);
  }
  return 0;
}

Scope chosen_scope(const ExploreOptions& o) {
  const Scope* found = o.scope.empty() ? &scopes().front() : find_scope(o.scope);
  if (!found) throw std::runtime_error("there is no scope '" + o.scope + "' (see oftwin explore --list)");
  Scope scope = *found;
  const auto set = [](auto& field, unsigned value) {
    if (value != 0) field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  };
  set(scope.primaries, o.connections);
  set(scope.flows, o.rules);
  set(scope.tables, o.tables);
  set(scope.limits.pending_groups, o.groups);
  set(scope.inbox, o.inbox);
  return scope;
}

std::string name_of(const Finding& f) {
  return f.invariant == Invariant::count ? "comparison" : std::string(info(f.invariant).name);
}

void show(const Scope& scope, const Finding& f, const std::string& edition, const ExploreOptions& o,
          const std::string& stem) {
  std::vector<std::string> comments;
  if (f.invariant != Invariant::count) {
    const InvariantInfo& inv = info(f.invariant);
    comments.push_back(fmt::format("{} ({}): {}.", inv.name, inv.clause, inv.sentence));
  }
  comments.push_back(fmt::format("At the last event: {}. Found by oftwin explore, scope {}.", f.detail, scope.name));
  const std::string text = harness::print_trace(trace_of(scope, f.path, edition, comments));
  if (o.out.empty()) {
    say("\n{}\n", text);
  } else {
    harness::write_file(fmt::format("{}/{}.trace", o.out, stem), text);
  }
}

void show(const Scope& scope, const Lasso& lasso, const std::string& edition, const ExploreOptions& o,
          const std::string& stem) {
  const std::string text = lasso_text(scope, lasso, edition);
  if (o.out.empty()) {
    say("\n{}\n", text);
  } else {
    harness::write_file(fmt::format("{}/{}.trace", o.out, stem), text);
  }
}

void print_lasso(const Lasso& lasso) {
  say("lasso: {}: after {} events, {} that repeat for ever\n", info(lasso.kind).name, lasso.stem_events,
      lasso.loop_events);
}

void summarize(const Liveness& live) {
  if (live.lasso) return print_lasso(*live.lasso);
  say("  left alone, it comes to rest from every one of them: {} fair steps, {} further states, at most {} steps "
      "before it rests{}\n",
      live.steps, live.beyond, live.longest,
      live.complete ? "" : "; for lack of memory, not all of them were followed to their ends");
}

void summarize(const Scope& scope, const Result& r) {
  say("{}: {} states, {} transitions, depth {}, {} terminal states, in {:.1f} s: {:.0f} transitions/s\n", scope.name,
      r.states, r.transitions, r.depth, r.terminal, r.seconds, per_second(r.transitions, r.seconds));
  say("  {:.1f} bytes kept a state, frontier at most {} MB; {}",
      static_cast<double>(r.bytes_kept) / static_cast<double>(r.states), r.frontier_peak >> 20, describe(r.ending));
  if (r.left > 0) say("; {} states seen but not left", r.left);
  say("\n  {}\n", describe(scope));
}

nlohmann::json as_json(const Lasso& lasso) {
  return {{"kind", info(lasso.kind).name},
          {"stem", lasso.stem_events},
          {"loop", lasso.loop_events},
          {"comes_back", lasso.comes_back}};
}

nlohmann::json as_json(const Scope& scope, const Result& r) {
  nlohmann::json violations = nlohmann::json::array();
  for (const Finding& f : r.findings) violations.push_back({{"invariant", name_of(f)}, {"depth", f.depth}});
  nlohmann::json j = {{"scope", scope.name},
                      {"states", r.states},
                      {"transitions", r.transitions},
                      {"depth", r.depth},
                      {"left", r.left},
                      {"terminal", r.terminal},
                      {"seconds", r.seconds},
                      {"bytes_kept", r.bytes_kept},
                      {"frontier_peak", r.frontier_peak},
                      {"ending", describe(r.ending)},
                      {"violations", violations}};
  if (!r.liveness) return j;
  const Liveness& live = *r.liveness;
  j["liveness"] = {
      {"fair_steps", live.steps}, {"beyond", live.beyond}, {"complete", live.complete}, {"longest", live.longest}};
  if (live.lasso) j["liveness"]["lasso"] = as_json(*live.lasso);
  return j;
}

int explore_one(const ExploreOptions& o, const model::Errata& errata) {
  const Scope scope = chosen_scope(o);
  Options options;
  options.errata = errata;
  options.depth = o.depth;
  options.states = o.states;
  options.memory_mb = o.memory_mb;
  options.threads = o.threads;
  options.enough = asked_to_stop;
  options.first_only = errata.none();
  options.check = !o.unchecked && !o.live;
  options.live = o.live;
  const bool terminal = on_terminal();
  const Result r = explore::explore(scope, options, [&](const Progress& p) {
    if (!terminal) return;
    show_progress(fmt::format("{}: depth {}, {} states, {} waiting, {:.0f} transitions/s ", scope.name, p.depth,
                              p.states, p.frontier, per_second(p.transitions, p.seconds)));
  });
  if (terminal) show_progress("");
  if (o.json) {
    hand_out(json_text(as_json(scope, r), 2));
  } else {
    summarize(scope, r);
  }
  for (const Finding& f : r.findings) {
    if (!o.json) say("violated after {} events: {}\n", f.depth, name_of(f));
    if (!o.json || !o.out.empty()) show(scope, f, o.edition, o, scope.name + "-" + name_of(f));
  }
  if (!r.liveness) return r.findings.empty() ? 0 : 1;
  if (!o.json) summarize(*r.liveness);
  if (!r.liveness->lasso) return 0;
  if (!o.json || !o.out.empty()) show(scope, *r.liveness->lasso, o.edition, o, scope.name + "-lasso");
  return 1;
}

// Every erratum by itself.
int hunt_all(const ExploreOptions& o) {
  HuntOptions options;
  if (o.states != 0) options.states = o.states;
  options.memory_mb = o.memory_mb;
  options.threads = o.threads;
  options.enough = asked_to_stop;
  std::size_t by_invariants = 0, by_comparison = 0;
  nlohmann::json found = nlohmann::json::array();
  const std::vector<Hunted> all = hunt(listed_errata(), options, [&](const Hunted& h) {
    const std::string id = fmt::format("E-{:02}", h.erratum);
    if (!h.finding) {
      found.push_back({{"erratum", id}, {"states", h.states}});
      if (!o.json) say("{}  not within these bounds ({} states)\n", id, h.states);
      return;
    }
    const Finding& f = *h.finding;
    ++(f.invariant == Invariant::count ? by_comparison : by_invariants);
    found.push_back({{"erratum", id}, {"by", name_of(f)}, {"depth", f.depth}, {"scope", h.scope.name}});
    if (!o.json) {
      say("{}  {} after {} events, scope {}, {} states{}\n", id, name_of(f), f.depth, h.scope.name, h.states,
          h.also_among_all ? "; also with all errata in force" : "");
    }
    if (!o.json || !o.out.empty()) show(h.scope, f, h.also_among_all ? o.edition : id, o, id);
    std::fflush(stdout);
  });
  if (o.json) {
    hand_out(json_text(nlohmann::json{{"errata", found}, {"by_invariants", by_invariants}}, 2));
  } else {
    say("{} errata: {} violate an invariant, {} show in comparison with corrected only, {} not found\n", all.size(),
        by_invariants, by_comparison, all.size() - by_invariants - by_comparison);
  }
  return by_invariants == 0 && !asked_to_stop() ? kDiverged : kAgreed;
}

// Which errata can leave somebody waiting for ever, each by itself.
int hunt_lassos(const ExploreOptions& o) {
  HuntOptions options;
  options.states = o.states != 0 ? o.states : 3000;
  options.memory_mb = o.memory_mb;
  options.threads = o.threads;
  options.enough = asked_to_stop;
  nlohmann::json found = nlohmann::json::array();
  std::size_t caught = 0;
  explore::hunt_lassos(listed_errata(), options, [&](const Caught& c) {
    if (!c.lasso) return;
    ++caught;
    const std::string id = fmt::format("E-{:02}", c.erratum);
    nlohmann::json j = as_json(*c.lasso);
    j["erratum"] = id;
    j["scope"] = c.scope.name;
    found.push_back(std::move(j));
    if (!o.json) say("{}  scope {}, ", id, c.scope.name);
    if (!o.json) print_lasso(*c.lasso);
    if (!o.json || !o.out.empty()) show(c.scope, *c.lasso, id, o, id + "-lasso");
    std::fflush(stdout);
  });
  if (o.json) {
    hand_out(json_text(nlohmann::json{{"lassos", found}}, 2));
  } else {
    say("{} errata have a lasso by themselves\n", caught);
  }
  return caught == 0 && !asked_to_stop() ? kDiverged : kAgreed;
}

int refine_one(const ExploreOptions& o) {
  Scope scope = chosen_scope(o);
  const auto subject = make_subject("builtin");
  const bool terminal = on_terminal();
  const RefinementResult r = refine(
      scope, *subject, o.refine, o.depth,
      [&](const RefinementResult& now) {
        if (!terminal) return;
        show_progress(fmt::format("{}: depth {}, {} states, {} left to try, {} events tried ", scope.name, now.depth,
                                  now.states, now.left, now.steps));
      },
      asked_to_stop);
  if (terminal) show_progress("");
  const std::uint64_t done = r.states - r.left;
  if (o.json) {
    hand_out(json_text(nlohmann::json{{"scope", scope.name},
                                      {"states", r.states},
                                      {"states_left", done},
                                      {"steps", r.steps},
                                      {"replayed", r.replayed},
                                      {"depth", r.depth},
                                      {"seconds", r.seconds},
                                      {"exhausted", r.exhausted},
                                      {"diverged", r.divergence.has_value()}},
                       2));
  } else {
    say("{}: model and switch agree in {} states, in {} of them on every event: {} steps, {} events driven, depth "
        "{}, {:.1f} s\n  {}\n  {}\n",
        scope.name, r.states, done, r.steps, r.replayed, r.depth, r.seconds,
        r.exhausted ? "everything within the scope was tried" : "what lies beyond was not tried", describe(scope));
  }
  if (!r.divergence) return 0;
  say("they do not at the end of this trace:\n\n{}\n", harness::print_trace(r.trace));
  return 1;
}

}  // namespace

int run_explore(const ExploreOptions& o) {
  if (o.list) return list();
  if (o.page) return say("{}", invariants_page()), 0;
  const Stoppable stoppable;
  const auto errata = harness::parse_edition(o.edition);
  if (!errata) throw std::runtime_error("there is no edition '" + o.edition + "'");
  if (o.live && (o.refine != 0 || o.unchecked))
    throw std::runtime_error("--live looks for nothing else: no --refine, no --unchecked");
  if (!o.out.empty()) harness::must_be_writable_folder(o.out);
  const bool all = o.edition == harness::kOriginal && o.scope.empty();
  const int code = o.refine != 0 ? refine_one(o)
                   : !all        ? explore_one(o, *errata)
                   : o.live      ? hunt_lassos(o)
                                 : hunt_all(o);
  if (!asked_to_stop()) return code;
  complain("oftwin: {}; what is left was not tried\n", stop_reason());
  return worse(code, kStopped);
}

}  // namespace oftwin::cli

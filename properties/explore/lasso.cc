#include "properties/explore/lasso.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/trace_text.h"
#include "model/step.h"
#include "properties/explore/alphabet.h"

namespace oftwin::explore {

namespace {

constexpr LassoInfo kInfos[] = {
    {"sleeps", "OP-7", "Nothing is in progress, the loop does not ask to run, and yet somebody waits"},
    {"spins", "LOOP-2", "The loop runs because it asks to, again and again, and gets nowhere"},
    {"goes-round", "LOOP-2", "The provider completes what is in progress, and the switch always starts more"},
};

constexpr std::uint64_t kNapMs = 1000;  // how long the loop of a sleeper lasts

bool is_plan(const Event& event) { return std::holds_alternative<event::ProviderPlan>(event.body); }

unsigned events_in(std::span<const Event> events) {
  return static_cast<unsigned>(events.size() - static_cast<std::size_t>(std::ranges::count_if(events, is_plan)));
}

// The two states are one, but for names and, as nothing else happens to a sleeper, the time.
bool same(const Scope& scope, LassoKind kind, const model::State& before, model::State after) {
  if (kind == LassoKind::sleeps) {
    after.now_ms = before.now_ms;
    return after == before;
  }
  const Alphabet alphabet(scope);
  Canonical canonical(alphabet.words());
  const Fingerprint form = canonical(before);
  return canonical(after) == form;
}

bool leads_back(const Scope& scope, const model::Errata& errata, const Lasso& lasso) {
  model::State state = model::initial(config_of(scope), errata), begin;
  model::Outcome outcome;
  for (std::size_t i = 0; i < lasso.path.size(); ++i) {
    if (i == lasso.loop) begin = state;
    model::step(state, lasso.path[i], {}, outcome);
  }
  return same(scope, lasso.kind, begin, state);
}

Lasso finished(const Scope& scope, const model::Errata& errata, LassoKind kind, Round round) {
  Lasso lasso;
  lasso.kind = kind;
  lasso.path = std::move(round.path);
  lasso.loop = round.loop;
  const auto preamble = static_cast<unsigned>(Alphabet(scope).preamble().size());
  lasso.stem_events = events_in(std::span(lasso.path).first(lasso.loop)) - preamble;
  lasso.loop_events = events_in(std::span(lasso.path).subspan(lasso.loop));
  lasso.comes_back = leads_back(scope, errata, lasso);
  return lasso;
}

}  // namespace

const LassoInfo& info(LassoKind kind) { return kInfos[static_cast<std::size_t>(kind)]; }

std::vector<Origin> origins_of(const Visited& visited, std::uint32_t state) {
  std::vector<Origin> origins;
  for (Origin o = visited.origin(state); o.parent != kNoState; o = visited.origin(o.parent)) origins.push_back(o);
  std::reverse(origins.begin(), origins.end());
  return origins;
}

Lasso sleeping_lasso(const Scope& scope, const model::Errata& errata, const Visited& visited, std::uint32_t state) {
  Round round{path_of(scope, errata, origins_of(visited, state)), 0};
  round.loop = round.path.size();
  std::uint32_t last = 0;
  for (const Event& e : round.path) last = std::max(last, e.id);
  round.path.push_back({last + 1, event::Clock{kNapMs}});
  round.path.push_back({0, event::Loop{0}});
  return finished(scope, errata, LassoKind::sleeps, std::move(round));
}

// Begins behind an iteration, so that the loop is a block of its own; the rest of the cycle before that is stem.
Lasso turning_lasso(const Scope& scope, const model::Errata& errata, const Visited& visited, LassoKind kind,
                    const std::vector<FairStep>& cycle) {
  std::vector<RoundStep> steps;
  steps.reserve(cycle.size());
  for (const FairStep& s : cycle) steps.push_back({{s.iteration != 0, s.served != 0}, visited.fingerprint(s.to)});
  const auto begin = std::ranges::find_if(steps, [](const RoundStep& s) { return s.kind.iteration; }) + 1;
  const std::vector<RoundStep> approach(steps.begin(), begin);
  std::rotate(steps.begin(), begin, steps.end());
  return finished(scope, errata, kind,
                  round_of(scope, errata, origins_of(visited, cycle.front().from), approach, steps));
}

std::string lasso_text(const Scope& scope, const Lasso& lasso, const std::string& edition) {
  const LassoInfo& what = info(lasso.kind);
  std::vector<std::string> comments = {fmt::format("A lasso: {} ({}): {}.", what.name, what.clause, what.sentence),
                                       fmt::format("Found by oftwin explore --live, scope {}.", scope.name)};
  if (!lasso.comes_back) comments.push_back("It needs another order of rules than the model's own, which this shows.");
  const harness::Trace trace = trace_of(scope, lasso.path, edition, std::move(comments), lasso.loop);
  std::string text = harness::print_trace(trace);
  for (const harness::Block& block : harness::parse_trace(text).blocks) {
    if (block.first != lasso.loop) continue;
    std::size_t at = 0;
    for (std::uint32_t line = 1; line < block.line; ++line) at = text.find('\n', at) + 1;
    text.insert(at, "# From here on again and again, for ever (names aside):\n");
  }
  return text;
}

}  // namespace oftwin::explore

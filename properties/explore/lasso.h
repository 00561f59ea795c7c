// Liveness: what a switch and its provider do by themselves comes to rest with nobody waiting, or there is a lasso.
//
// A lasso is a way to a state (the stem) from which the same can happen again and again (the loop) although everything
// that the switch relies on is done: its loop runs whenever it asks, and the provider completes every operation some
// day, in any order, well or badly. Nobody else does anything in the loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/state.h"
#include "properties/explore/fair_graph.h"
#include "properties/explore/path.h"
#include "properties/explore/scope.h"
#include "properties/explore/visited.h"
#include "spec/event.h"

namespace oftwin::explore {

enum class LassoKind : std::uint8_t {
  sleeps,     // nothing is in progress, the loop does not ask to run, and yet somebody waits
  spins,      // the loop runs because it asks to, for ever, without any need of the provider
  goes_round  // the provider completes what is in progress, and the switch always starts more
};

struct Lasso {
  LassoKind kind = LassoKind::sleeps;
  std::vector<Event> path;
  std::size_t loop = 0;      // path[loop] .. is what repeats for ever
  bool comes_back = false;   // in the model's own order of rules the loop leads back to its beginning (names aside)
  unsigned stem_events = 0;  // without the provider's plans and the scope's preamble
  unsigned loop_events = 0;
};

struct LassoInfo {
  std::string_view name, clause, sentence;
};
const LassoInfo& info(LassoKind kind);

// `state` is stuck (state_invariants.h).
Lasso sleeping_lasso(const Scope& scope, const model::Errata& errata, const Visited& visited, std::uint32_t state);
// `cycle`: of a FairGraph over the states that were visited.
Lasso turning_lasso(const Scope& scope, const model::Errata& errata, const Visited& visited, LassoKind kind,
                    const std::vector<FairStep>& cycle);

// The steps by which a state was first reached, the first one first.
std::vector<Origin> origins_of(const Visited& visited, std::uint32_t state);

// A trace with the place where the loop begins marked by a comment.
std::string lasso_text(const Scope& scope, const Lasso& lasso, const std::string& edition);

}  // namespace oftwin::explore

// The way to a state as events that anybody can replay.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/trace.h"
#include "model/state.h"
#include "properties/explore/fair_graph.h"
#include "properties/explore/fingerprint.h"
#include "properties/explore/invariants.h"
#include "properties/explore/scope.h"
#include "properties/explore/visited.h"

namespace oftwin::explore {

// `origins`: of the states on the way, the first after the initial one first. The provider's answers stand in front of
// the event in which they are given (ProviderPlan). Orders of rules are not something that a trace can say.
std::vector<Event> path_of(const Scope& scope, const model::Errata& errata, const std::vector<Origin>& origins);

// The way to a state (`stem`) and then round a cycle of fair steps (fair_graph.h), of which each is known by what it is
// and by the state that it leads to. `approach`: the first steps on the cycle, as far as they still belong to the stem.
struct RoundStep {
  FairKind kind;
  Fingerprint to;
};
struct Round {
  std::vector<Event> path;
  std::size_t loop = 0;  // where in it the cycle begins
};
Round round_of(const Scope& scope, const model::Errata& errata, const std::vector<Origin>& stem,
               const std::vector<RoundStep>& approach, const std::vector<RoundStep>& cycle);

// A trace of the path in an edition by name, with what the model lets out, ids and xids as in a trace written by hand.
// `mark`: the index of an event with which a block is to begin.
harness::Trace trace_of(const Scope& scope, const std::vector<Event>& path, const std::string& edition,
                        std::vector<std::string> comments, std::optional<std::size_t> mark = {});

// What the model does in this trace, step by step in its own order of rules, violates these invariants. Each only once,
// with the index of the event.
struct Violated {
  Invariant invariant;
  std::size_t event;
  std::string detail;
};
std::vector<Violated> violations_of(const SwitchConfig& config, const std::vector<Event>& events,
                                    const model::Errata& errata);

}  // namespace oftwin::explore

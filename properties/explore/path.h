// The way to a state as events that anybody can replay.
#pragma once

#include <string>
#include <vector>

#include "harness/trace.h"
#include "model/state.h"
#include "properties/explore/invariants.h"
#include "properties/explore/scope.h"
#include "properties/explore/visited.h"

namespace oftwin::explore {

// `origins`: of the states on the way, the first after the initial one first. The provider's answers stand in front of
// the event in which they are given (ProviderPlan). Orders of rules are not something that a trace can say.
std::vector<Event> path_of(const Scope& scope, const model::Errata& errata, const std::vector<Origin>& origins);

// A trace of the path in an edition by name, with what the model lets out, ids and xids as in a trace written by hand.
harness::Trace trace_of(const Scope& scope, const std::vector<Event>& path, const std::string& edition,
                        std::vector<std::string> comments);

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

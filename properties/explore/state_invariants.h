// Invariants of one state (invariants.h).
#pragma once

#include <bitset>

#include "properties/explore/invariants.h"

namespace oftwin::explore {

using InvariantSet = std::bitset<static_cast<std::size_t>(Invariant::count)>;

// Those that the state violates.
InvariantSet violated_in(const model::State& state);

// Nothing is in progress, nothing wants to run, and yet somebody waits: no completion and no run of the loop will ever
// help. `wants_to_run`: what the state last said of its loop.
bool stuck(const model::State& state, bool wants_to_run);

// How far the switch is from being done with what it has, if no more input comes: it must go down whenever the loop
// runs because it asked to. A measure that always goes down cannot go round in circles, which is how the absence of
// livelocks is checked step by step.
struct Distance {
  std::size_t messages = 0, rules = 0, work = 0, retries = 0;
  auto operator<=>(const Distance&) const = default;
};
Distance distance(const model::State& state);

}  // namespace oftwin::explore

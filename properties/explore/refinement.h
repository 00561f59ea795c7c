// The same exploration with the optimized switch at the model's side: every reachable state of a (smaller) scope is
// driven on both, and every event that is enabled there is tried on both, with every answer of the provider.
//
// A subject cannot be copied, so each step replays the way to its state; orders in which a request touches its rules
// are the subject's own choice here (OP-3). Breadth first, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/lockstep.h"
#include "harness/trace.h"
#include "properties/explore/scope.h"

namespace oftwin::explore {

struct RefinementResult {
  std::uint64_t states = 0;    // distinct states of the model that both have been in
  std::uint64_t left = 0;      // of them: not all events tried
  std::uint64_t steps = 0;     // events tried, with all answers
  std::uint64_t replayed = 0;  // events driven on both in all
  unsigned depth = 0;
  double seconds = 0;
  bool exhausted = false;
  std::optional<harness::Divergence> divergence;
  harness::Trace trace;  // that leads to it
};

// Stops when `states` of them have been left, at a divergence, or when there is `enough`. `depth` 0: no bound. throws
// SubjectLost.
RefinementResult refine(const Scope& scope, harness::Subject& subject, std::uint64_t states, unsigned depth,
                        const std::function<void(const RefinementResult&)>& progress = {},
                        const std::function<bool()>& enough = {});

}  // namespace oftwin::explore

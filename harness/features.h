// What is remarkable about a run, as numbers: clauses hit, pairs of them in one event, what the switch looked like.
//
// Code coverage saturates early: the same lines run in an empty table and behind forty-nine pending groups. A clause, a
// pair of clauses in one event, a clause in some situation are new even when the code is not. Invariant: the same run
// shows the same features, in every process and on every platform.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/lockstep.h"

namespace oftwin::harness {

inline constexpr std::size_t kClausePairs = 1u << 14, kSituations = 1u << 12, kClausesInSituation = 1u << 14;
inline constexpr std::size_t kFeatures = kMaxClauses + kClausePairs + kSituations + kClausesInSituation;

// Of one run, event by event.
class FeatureWalk {
 public:
  // What the last event of the lockstep showed: numbers below kFeatures, some of them twice. Valid until the next call.
  const std::vector<std::size_t>& event(const Lockstep& lockstep);

 private:
  std::size_t last_situation_ = 0;
  std::vector<std::size_t> shown_;
};

}  // namespace oftwin::harness

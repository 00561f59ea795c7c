// When rules time out.
//
// A hard timeout counts from when the rule was made, an idle one from its last packet. Packets are many and timeouts
// few, so a packet only leaves its time in the rule: what is noted here for a rule may be too early, and is put right
// when its turn comes. Invariant: a rule that is watched is noted once, never too late.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "datapath-sim/rule.h"

namespace oftwin::sim {

class Timeouts {
 public:
  void watch(Rule& rule);  // from now on, or anew; nothing for a rule without timeouts
  void forget(Rule& rule);
  // A packet has met the rule, which has an idle timeout.
  void used(Rule& rule, std::uint64_t now_ms);
  // Takes out the rules whose time has come, those of lower tables first, then as they were allocated.
  std::vector<Rule*> take_due(std::uint64_t now_ms);
  std::uint64_t next();  // OFT_NEVER: none

 private:
  Rule* first();  // of those watched, put right

  std::set<std::pair<std::uint64_t, Rule*>> noted_;
};

// Whether it is the hard timeout that has come.
bool too_old(const Rule& rule, std::uint64_t now_ms);

}  // namespace oftwin::sim

// Which clauses were hit and what the switch looked like, as coverage for the fuzzer.
//
// Code coverage saturates early: the same lines run in an empty table and behind forty-nine pending groups. A clause, a
// pair of clauses in one event, a clause in some situation are new even when the code is not. The counters live in the
// section that libFuzzer reads beside its own; elsewhere they are just memory.
#pragma once

#include "harness/lockstep.h"

namespace oftwin::fuzz {

class Feedback {
 public:
  // What the last event made both sides do.
  void event(const harness::Lockstep& lockstep);

 private:
  std::size_t last_situation_ = 0;
};

}  // namespace oftwin::fuzz

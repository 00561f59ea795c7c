// What a run showed (harness/features.h), as coverage for libFuzzer beside that of the code.
//
// The counters live in the section that libFuzzer reads beside its own; elsewhere they are just memory.
#pragma once

#include "harness/features.h"

namespace oftwin::fuzz {

class Feedback {
 public:
  // What the last event made both sides do.
  void event(const harness::Lockstep& lockstep);

 private:
  harness::FeatureWalk walk_;
};

}  // namespace oftwin::fuzz

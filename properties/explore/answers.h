// What the law says to single requests, judged from their bytes (invariants.h).
#pragma once

#include "properties/explore/invariants.h"

namespace oftwin::explore {

// One message, from where it is taken in what came out of the step to where the next one is.
struct Handling {
  const model::Connection& conn;  // as before the step
  ByteView message;
  std::span<const Observation> seen;
  bool postponed = false;
};

void check_answer(const Step& step, const Handling& handling, std::vector<Violation>& found);

// A session that came up in this step begins afresh.
void check_fresh_sessions(const Step& step, std::vector<Violation>& found);

}  // namespace oftwin::explore

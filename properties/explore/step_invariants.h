// Invariants of one step (invariants.h).
#pragma once

#include "properties/explore/invariants.h"

namespace oftwin::explore {

void check_step(const Step& step, std::vector<Violation>& found);

}  // namespace oftwin::explore

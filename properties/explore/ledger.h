// What requests are owed, and what they got in one step (invariants.h): taken in order, postponed as if nothing had
// happened, replied to once, told of their failure.
#pragma once

#include "properties/explore/invariants.h"

namespace oftwin::explore {

void check_ledger(const Step& step, std::vector<Violation>& found);

}  // namespace oftwin::explore

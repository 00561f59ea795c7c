// spec/invariants.md: the table of what an exploration checks, generated so that it cannot rot (explore_test.cc).
#pragma once

#include <string>

namespace oftwin::explore {

std::string invariants_page();

}  // namespace oftwin::explore

// A captured session's report as the result of a check.
#pragma once

#include "cli/results.h"
#include "harness/session.h"

namespace oftwin::cli {

// What the switch in the capture did: the first few differences at length, the others a line each, all of them as
// findings. A capture of which nothing can be judged could not be read.
void add_session(const harness::SessionReport& report, CheckResult& result);

}  // namespace oftwin::cli

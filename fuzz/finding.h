// What happens when a target has found something.
#pragma once

#include "harness/lockstep.h"
#include "harness/subject/subject.h"
#include "harness/trace.h"

namespace oftwin::fuzz {

// Minimizes the trace, prints the report, writes `DIR/divergence-HASH.trace` (text; HASH is of the minimized trace, so
// the same finding is the same file) and aborts. DIR is the environment's OFTWIN_FINDINGS, `.` without it.
[[noreturn]] void report_and_abort(harness::Subject& subject, const harness::Trace& trace,
                                   const harness::Divergence& divergence);

}  // namespace oftwin::fuzz

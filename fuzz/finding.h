// What happens when a target has found something.
#pragma once

#include "harness/lockstep.h"
#include "harness/subject/subject.h"
#include "harness/trace.h"

namespace oftwin::fuzz {

// Writes `DIR/found-HASH.trace` at once. Then minimizes the trace, prints the report, writes
// `DIR/divergence-HASH.trace` in its place (text; HASH is of the trace in the file, so the same finding is the same
// file) and aborts. DIR is the environment's OFTWIN_FINDINGS, `.` without it; minimizing ends after a minute, or at
// OFTWIN_UNTIL, in milliseconds of std::chrono::steady_clock.
[[noreturn]] void report_and_abort(harness::Subject& subject, const harness::Trace& trace,
                                   const harness::Divergence& divergence);

}  // namespace oftwin::fuzz

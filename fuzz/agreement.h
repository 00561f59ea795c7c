// Model and subject through one trace; the first difference ends the process with a finding.
//
// Invariant: nothing that the lockstep compares is left out here.
#pragma once

#include "harness/subject/subject.h"
#include "harness/trace.h"

namespace oftwin::fuzz {

// Returns if both sides agree. Otherwise the finding is minimized, written and shown (fuzz/finding.h), and the process
// aborts, which is how a fuzzer is told.
void must_agree(harness::Subject& subject, const harness::Trace& trace);

}  // namespace oftwin::fuzz

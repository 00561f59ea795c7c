#include "fuzz/agreement.h"

#include "fuzz/feedback.h"
#include "fuzz/finding.h"
#include "harness/lockstep.h"

namespace oftwin::fuzz {

void must_agree(harness::Subject& subject, const harness::Trace& trace) {
  harness::Lockstep lockstep(subject, {});
  Feedback feedback;
  lockstep.start(trace.config);
  for (const Event& event : trace.events) {
    if (const auto divergence = lockstep.advance(event)) report_and_abort(subject, trace, *divergence);
    feedback.event(lockstep);
  }
}

}  // namespace oftwin::fuzz

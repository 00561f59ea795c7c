// One trace on a live switch: shown step by step, or made small.
#pragma once

#include <optional>
#include <string>

#include "cli/check.h"
#include "cli/until.h"
#include "harness/minimize.h"
#include "harness/trace.h"

namespace oftwin::cli {

struct MinimizedTrace {
  std::optional<harness::Trace> trace;  // nullopt: there was nothing to minimize
  std::string shows;                    // what the trace shows; or why there is nothing
  harness::MinimizeEffort effort;
};

// `limits.max_probes` 0: as many as a live check tries. Both: throws UsageError if the switch can't be met or the trace
// can't be played on it, harness::SubjectLost if it goes away and stays away.
MinimizedTrace minimize_live(const harness::Trace& trace, const std::string& name, const CheckOptions& how,
                             const harness::MinimizeLimits& limits, const Until& until);

// Prints what is sent and what the switch says to it. The exit code: 0, 1 if that differs from the law and the ledger.
int replay_live(const harness::Trace& trace, const std::string& name, const CheckOptions& how);

}  // namespace oftwin::cli

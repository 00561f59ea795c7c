// oftwin check --probe: a first profile of a live switch.
#pragma once

#include "cli/check.h"

namespace oftwin::cli {

// The exit code: 0, or 3 if the switch cannot be reached or went away. throws UsageError, FileError.
int run_probe(const CheckOptions& options);

}  // namespace oftwin::cli

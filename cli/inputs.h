// The inputs that a command line names.
#pragma once

#include <string>
#include <vector>

#include "harness/trace.h"

namespace oftwin::cli {

// Files as given, folders replaced by the inputs below them, in the order of their names. throws UsageError for a
// folder that holds none.
std::vector<std::string> expand_inputs(const std::vector<std::string>& inputs);

// All traces below a folder, text and binary, in the order of their names. throws UsageError if it is none; FileError.
std::vector<harness::Trace> read_seeds(const std::string& folder);

}  // namespace oftwin::cli

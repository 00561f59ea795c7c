// The inputs that a command line names.
#pragma once

#include <string>
#include <vector>

namespace oftwin::cli {

// Files as given, folders replaced by the inputs below them, in the order of their names. throws UsageError for a
// folder that holds none.
std::vector<std::string> expand_inputs(const std::vector<std::string>& inputs);

}  // namespace oftwin::cli

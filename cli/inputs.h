// The inputs that a command line names.
#pragma once

#include <string>
#include <vector>

#include "harness/trace.h"

namespace oftwin::cli {

// Files as given, folders replaced by the inputs below them, in the order of their names. throws UsageError for a
// folder that holds none.
std::vector<std::string> expand_inputs(const std::vector<std::string>& inputs);

// The trace in a file of any kind, with something in it that can be held against something. throws ConvertError if
// there is no event in it, and what harness::read_any_trace() throws.
harness::Trace read_eventful_trace(const std::string& path, const std::string& id = {});
// ... of one that has been read.
void must_have_events(const harness::Trace& trace, const std::string& path);

// All traces below a folder, text and binary, in the order of their names. throws UsageError if it is none; FileError.
std::vector<harness::Trace> read_seeds(const std::string& folder);

}  // namespace oftwin::cli

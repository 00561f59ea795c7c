// A trace as a recording (corpus/recordings/README.md): the other direction of harness/recording.h.
//
// The model in the trace's edition stands in for the original: what it lets out is what is recorded. A loop that
// settles becomes as many iterations as it took. There is no state dump.
#pragma once

#include <stdexcept>
#include <string>

#include "harness/trace.h"

namespace oftwin::harness {

// A recording cannot say it: "e7: why".
class RecordError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One line of JSON, with its newline. `id` is `<theme>-<anything>`; characters that a name should not have are
// replaced. throws RecordError, TraceError.
std::string record(const Trace& trace, const std::string& id);

}  // namespace oftwin::harness

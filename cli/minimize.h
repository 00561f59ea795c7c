// oftwin minimize: the smallest trace that shows the same divergence, or the same loss, against any subject.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/check.h"

namespace oftwin::cli {

struct MinimizeOptions {
  std::string input, id, subject = "builtin", out;
  std::string json;           // file, - for standard output
  std::uint64_t time_s = 60;  // after that the smallest so far will do; 0: no limit
  std::size_t probes = 0;     // at most so many candidates are tried; 0: as many as suit the subject
  CheckOptions live;          // how a live switch is met
};

// The exit code. throws UsageError if the trace shows nothing, or can't be played.
int run_minimize(const MinimizeOptions& options);

}  // namespace oftwin::cli

// oftwin coverage: of every word of the protocol, whether model and switch know it and how often it was seen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oftwin::cli {

struct CoverageOptions {
  std::vector<std::string> inputs;  // files and folders
  std::uint64_t random = 0;         // that many generated traces, too: the campaign
  std::uint64_t seed = 1;
  std::string json;  // a file, or - for standard output
};

// The exit code: 0 if each word was modelled, implemented and seen, or has a reason why never; 2 if an input could not
// be read (the others are counted); else 1. throws UsageError, also where nothing was counted; FileError.
int run_coverage(const CoverageOptions& options);

}  // namespace oftwin::cli

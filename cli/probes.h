// oftwin probes: the packets that show whether a table with these flows looks packets up rightly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oftwin::cli {

struct ProbesOptions {
  std::string flows;                 // file
  std::string pcap, json;            // files to write; json may be - for standard output
  std::vector<std::uint16_t> ports;  // by which packets can come; none: those that flows name, and one more
  std::uint32_t table = 0;
};
// The exit code. throws FlowsError, FileError.
int run_probes(const ProbesOptions& options);

}  // namespace oftwin::cli

// Rules from a file of flows, in the syntax of `ovs-ofctl add-flows` or as `ovs-ofctl dump-flows` prints them.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/probe/probe.h"

namespace oftwin::probe {

// `file:line:column: what is wrong`
class FlowsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Flow {
  Rule rule;
  std::string text;  // as it stands in the file, without actions and counters
  std::uint32_t line = 0;
};

// The flows of one table, in the order of the file; a later one with the same match and priority replaces. Blank lines,
// comments (#) and the heads of replies are passed over. throws FlowsError.
std::vector<Flow> parse_flows(std::string_view text, const std::string& file, std::uint8_t table = 0);

}  // namespace oftwin::probe

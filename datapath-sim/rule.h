// The datapath's side of a rule: its place in the table, its actions as they are in force, its counters.
#pragma once

#include <cstdint>

#include "datapath-sim/action.h"
#include "datapath-sim/flow_table.h"
#include "impl/provider.h"

namespace oftwin::sim {

// What a packet that meets it needs stands together, at the end of the flow.
struct Rule {
  std::uint64_t serial = 0;  // never reused: a name that survives the rule
  std::size_t position = 0;  // in the list of all rules
  Flow flow;
  const oft_rule* base = nullptr;  // the host's side; known from rule_construct on
  Program program;                 // the actions in force
  std::uint64_t packets = 0, bytes = 0;
  std::uint64_t used_ms = 0;           // its last packet, or when it was made
  FlowTable* table = nullptr;          // the flow is in it: the rule is in force
  Program next_program;                // the actions of an add or modification in progress
  std::uint64_t noted_ms = OFT_NEVER;  // Timeouts: where it stands there
};

}  // namespace oftwin::sim

// The datapath's side of a rule: its place in the table, its actions as they are in force, its counters.
#pragma once

#include <cstdint>

#include "datapath-sim/flow_table.h"
#include "impl/provider.h"
#include "spec/bytes.h"

namespace oftwin::sim {

struct Rule {
  std::uint64_t serial = 0;        // never reused: a name that survives the rule
  std::size_t position = 0;        // in the list of all rules
  const oft_rule* base = nullptr;  // the host's side; known from rule_construct on
  Flow flow;
  FlowTable* table = nullptr;  // the flow is in it: the rule is in force
  Bytes actions;               // in force
  Bytes next_actions;          // those of an add or modification in progress
  std::uint64_t packets = 0, bytes = 0;
};

}  // namespace oftwin::sim

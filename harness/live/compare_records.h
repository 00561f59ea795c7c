// Two lists of records, one of the model and one of a switch, in any order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/live/reading.h"

namespace oftwin::harness::live {

struct RecordDifference {
  std::string kind;  // without values: `error.data`, `only switch flow `; two of a kind look alike
  std::string what;  // for a person
};

// nullopt: they are the same, durations within the tolerance.
std::optional<RecordDifference> first_difference(Records model, Records real, std::uint64_t tolerance_ms);

// Counters of tables and ports in `records` count from what `baseline` says.
void subtract_baseline(Records& records, const Records& baseline);

}  // namespace oftwin::harness::live

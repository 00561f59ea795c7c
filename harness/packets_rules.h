// Which rules of a recorded scenario the law and the recorded switch accept, and how they answer to the others.
//
// Invariant: the two differ only in what `other_there` of a rule names a label for; a difference that has none is a
// complaint.
#pragma once

#include <string>
#include <vector>

#include "harness/packets_file.h"
#include "harness/packets_prediction.h"
#include "model/state.h"

namespace oftwin::harness {

struct PacketRules {
  std::vector<PacketRule> rules;        // of the law, and of the recorded switch only; in the order of the messages
  std::vector<PacketLabel> used;        // one for each answer that is covered
  std::vector<std::string> complaints;  // differences that no label covers
};

// errors: what the side under test answered to the rules, in the order sent; after: its tables then; event: the event
// whose messages were the rules.
PacketRules read_rules(const PacketScenario& scenario, const std::vector<Bytes>& errors, const model::State& after,
                       std::uint32_t event);

}  // namespace oftwin::harness

// Simulated mode: what happens to packets, predicted by the slowest possible lookup.
//
// Invariant: which rules are in force follows from State's tables and operations alone. A rule that is being added is
// not in force before its operation has succeeded; its victim, a rule that is being removed, and the old actions of one
// that is being modified are in force until then (and DP-2 says which of that is a freedom).
#pragma once

#include <cstdint>

#include "model/turn.h"
#include "spec/bytes.h"
#include "spec/names.h"

namespace oftwin::model {

// A frame has arrived on a port, and its turn has come in the provider's run.
void packet_arrives(Turn& turn, std::uint16_t port, ByteView frame, std::uint64_t tun_id);

// Runs a packet-out whose actions validate_actions (model/action.h) has accepted.
void packet_out(Turn& turn, std::uint16_t in_port, ByteView frame, ByteView actions);

// Runs a buffered packet through the actions of a rule, and counts it there. No lookup. Nothing if the rule is in no
// table.
void execute_rule(Turn& turn, RuleName rule, std::uint16_t in_port, ByteView frame);

}  // namespace oftwin::model

// Nicira's actions: which are right, and what those do that neither send the packet nor look it up again.
//
// Registers, tunnel id and queue belong to the packet, not to its frame. A field is named by the header of its NXM
// entry, and a part of it by a range of bits. Invariant: what validate_nicira_action accepts can be applied to any
// packet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/action.h"
#include "model/state.h"

namespace oftwin::model {

// action: of vendor Nicira, at least 8 bytes.
Error validate_nicira_action(ByteView action, Layers layers, Clauses& hit);

// What follows takes a whole action of vendor Nicira that has been accepted.

void apply_nicira_action(Packet& packet, ByteView action, const std::vector<Port>& ports, Clauses& hit);

// The table that a resubmission looks the packet up in and the in_port that it does so with; nullopt: it is none.
struct Resubmission {
  std::uint8_t table = 0;
  std::uint16_t in_port = 0;
};
std::optional<Resubmission> resubmission_of(ByteView action, std::uint8_t current_table, std::uint16_t in_port);

// The port that a bundle sends to (OFPP_NONE: nowhere); nullopt: the action is no bundle.
std::optional<std::uint16_t> bundle_port(ByteView action, const std::vector<Port>& ports, Clauses& hit);

}  // namespace oftwin::model

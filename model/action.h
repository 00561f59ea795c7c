// OpenFlow 1.0 actions: which lists are right, and what they do to a frame.
//
// An action list does not touch the frame: it changes what the packet's fields *shall* be. When the packet goes out
// (to a port, the controller or the table), the fields that differ are written. Invariant: `written` is what the frame
// holds; it and `wanted` differ only in fields that can be written into this frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/packet.h"
#include "spec/bytes.h"
#include "spec/error.h"

namespace oftwin::model {

// The error of the first action that is wrong. Any bytes will do.
Error validate_actions(ByteView actions, Clauses& hit);

// A packet on its way through an action list. Header offsets count from the end of the frame, where pushing and
// removing a tag moves nothing.
struct Packet {
  Bytes frame;
  FlowKey written, wanted;
  std::optional<std::size_t> ipv4_from_end, transport_from_end;
};

// frame: at least kEthernetHeader bytes
Packet packet_of(ByteView frame, std::uint16_t in_port, Clauses& hit);

// Does what an action other than OUTPUT and ENQUEUE does; those change nothing. action: one whole action of a list that
// validate_actions accepts.
void apply(Packet& packet, ByteView action, Clauses& hit);

// Makes the frame hold what it shall.
void write(Packet& packet, Clauses& hit);

// Takes the first action off the front of a list that validate_actions accepts.
struct Output {
  std::uint16_t port = 0;     // OFPP_*
  std::uint16_t max_len = 0;  // to the controller
};
ByteView take_action(ByteView& actions);
std::optional<Output> output_of(ByteView action);  // nullopt: a rewrite

}  // namespace oftwin::model

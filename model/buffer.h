// Packet buffers: packets that wait on a connection for a request that names them.
// Invariant: a packet is taken out of its slot at most once.
#pragma once

#include <cstdint>
#include <variant>

#include "model/turn.h"
#include "spec/bytes.h"

namespace oftwin::model {

struct BufferedPacket {
  std::uint16_t in_port = 0;
  Bytes frame;
};

// Returns the buffer's id, or OFP_NO_BUFFER if there is no room.
std::uint32_t save_packet(Turn& turn, Connection& conn, std::uint16_t in_port, ByteView frame);

// Takes the packet out; nothing (and no error) for an id that is right but stands for no packet.
struct Retrieved {
  Error error;
  std::optional<BufferedPacket> packet;
};
Retrieved retrieve_packet(Turn& turn, Connection& conn, std::uint32_t buffer_id);

// A group's operation on `rule` has succeeded: runs the packet that its request named through the rule.
Error use_buffer(Turn& turn, Group& group, RuleName rule);

}  // namespace oftwin::model

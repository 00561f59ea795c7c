// Packet buffers: packets that wait on a connection for a request that names them.
// Invariant: a packet is taken out of its slot at most once.
#pragma once

#include <cstdint>
#include <variant>

#include "model/turn.h"
#include "spec/bytes.h"
#include "spec/word.h"

namespace oftwin::model {

// An id: the slot in the low 8 bits, above it the slot's serial, which is never all ones nor, once handed out, 0.
inline constexpr std::uint32_t kReservedSerial = 0xffffff;
template <class W>
constexpr W id_of(const W& slot, const W& serial) {
  return slot | serial << 8;
}
template <class W>
constexpr W slot_of(const W& id) {
  return id & 0xff;
}
template <class W>
constexpr W serial_of(const W& id) {
  return id >> 8;
}
// first: where serials begin again.
template <class W>
constexpr W serial_after(const W& serial, std::uint32_t first) {
  return select(serial + 1 >= kReservedSerial, W{first}, serial + 1);
}

struct BufferedPacket {
  std::uint16_t in_port = 0;
  Bytes frame;
};

// Returns the buffer's id, or OFP_NO_BUFFER if there is no room.
std::uint32_t save_packet(Turn& turn, Connection& conn, std::uint16_t in_port, ByteView frame);

// The switch keeps the packet under another id than `own`, of save_packet, or not at all (OFP_NO_BUFFER).
void keep_packet_otherwise(Turn& turn, Connection& conn, std::uint32_t own, std::uint32_t given, std::uint16_t in_port,
                           ByteView frame);

// Takes the packet out; nothing (and no error) for an id that is right but stands for no packet.
struct Retrieved {
  Error error;
  std::optional<BufferedPacket> packet;
};
Retrieved retrieve_packet(Turn& turn, Connection& conn, std::uint32_t buffer_id);

// A group's operation on `rule` has succeeded: runs the packet that its request named through the rule.
Error use_buffer(Turn& turn, Group& group, RuleName rule);

}  // namespace oftwin::model

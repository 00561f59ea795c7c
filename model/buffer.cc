// Packet buffers. An id is a slot (low 8 bits) and a serial that tells the packets of one slot apart.
// Invariant: the serial of all ones is never given to a packet.
#include "model/buffer.h"

#include <utility>

#include "model/provider.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::uint64_t kOverwriteMs = 5000;

}  // namespace

std::uint32_t save_packet(Turn& turn, Connection& conn, std::uint16_t in_port, ByteView frame) {
  const std::size_t slot = conn.next_buffer;
  PacketBuffer& buffer = conn.buffers[slot];
  conn.next_buffer = (slot + 1) % conn.buffers.size();
  if (buffer.full && turn.state.now_ms < buffer.filled_ms + kOverwriteMs) {
    turn.hit("BUF-2");
    return OFP_NO_BUFFER;
  }
  turn.hit("BUF-1");
  buffer.serial = serial_after(buffer.serial, turn.erratum(28) ? 0u : 1u);
  buffer.full = true;
  buffer.filled_ms = turn.state.now_ms;
  buffer.in_port = in_port;
  buffer.frame.assign(frame.begin(), frame.end());
  return id_of(static_cast<std::uint32_t>(slot), buffer.serial);
}

void keep_packet_otherwise(Turn& turn, Connection& conn, std::uint32_t own, std::uint32_t given, std::uint16_t in_port,
                           ByteView frame) {
  if (own != OFP_NO_BUFFER) conn.buffers[slot_of(own)] = {false, serial_of(own), 0, 0, {}, {}};
  if (given == OFP_NO_BUFFER) return;
  PacketBuffer* slot = find(conn.buffers, std::optional(given), &PacketBuffer::given);
  if (!slot) slot = find(conn.buffers, false, &PacketBuffer::full);
  if (!slot) slot = &*std::ranges::min_element(conn.buffers, {}, &PacketBuffer::filled_ms);
  *slot = {true, slot->serial, turn.state.now_ms, in_port, Bytes(frame.begin(), frame.end()), given};
}

namespace {

PacketBuffer* slot_named(Connection& conn, std::uint32_t buffer_id) {
  const auto names = std::ranges::any_of(conn.buffers, [](const PacketBuffer& b) { return b.given.has_value(); });
  if (names)
    return find(conn.buffers, buffer_id, [](const PacketBuffer& b) { return b.given.value_or(OFP_NO_BUFFER); });
  const std::size_t slot = slot_of(buffer_id);
  const bool exists = slot < conn.buffers.size() && conn.buffers[slot].serial == serial_of(buffer_id);
  return exists ? &conn.buffers[slot] : nullptr;
}

// The id was given to a packet whose slot another one has had since.
bool was_overwritten(const Connection& conn, std::uint32_t buffer_id) {
  const std::size_t slot = slot_of(buffer_id);
  const std::uint32_t serial = serial_of(buffer_id);
  return slot < conn.buffers.size() && serial != 0 && serial < conn.buffers[slot].serial;
}

}  // namespace

Retrieved retrieve_packet(Turn& turn, Connection& conn, std::uint32_t buffer_id) {
  const auto refuse = [&](ClauseId why, std::uint16_t code) {
    return Retrieved{turn.refuse(why, OFPET_BAD_REQUEST, code).error, {}};
  };
  if (conn.buffers.empty()) return refuse("BUF-3", OFPBRC_BUFFER_UNKNOWN);
  const std::uint32_t serial = serial_of(buffer_id);
  PacketBuffer* const buffer = slot_named(conn, buffer_id);
  if (buffer && (serial != 0 || buffer->given || turn.erratum(28))) {
    if (!buffer->full) return refuse("BUF-4", turn.reading("BUF-10") ? OFPBRC_BUFFER_UNKNOWN : OFPBRC_BUFFER_EMPTY);
    turn.hit("BUF-5");
    buffer->full = false;
    return {{}, BufferedPacket{buffer->in_port, std::exchange(buffer->frame, {})}};
  }
  if (serial != kReservedSerial || turn.reading("BUF-12")) {
    const bool was_given = was_overwritten(conn, buffer_id) && turn.reading("BUF-10");
    return refuse("BUF-6", was_given ? OFPBRC_BUFFER_EMPTY : OFPBRC_BUFFER_UNKNOWN);
  }
  turn.hit("BUF-7");
  return {};
}

Error use_buffer(Turn& turn, Group& group, RuleName rule) {
  if (!group.owner || group.buffer_id == OFP_NO_BUFFER) return {};
  if (!group.linked && !turn.erratum(6)) {
    turn.hit("BUF-9");
    return {};
  }
  Connection* conn = turn.connection(*group.owner);
  if (!conn || group.owner_destroyed) {
    turn.defect("E-06", true, "uses a connection that has been freed");
    return {};
  }
  if (conn->buffers.empty() && turn.erratum(5)) {
    turn.defect("E-05", true, "takes an uninitialised pointer for a packet");
    return {};
  }
  turn.hit("BUF-8");
  const Retrieved retrieved = retrieve_packet(turn, *conn, group.buffer_id);
  if (!turn.erratum(4)) group.buffer_id = OFP_NO_BUFFER;
  if (!retrieved.packet) return retrieved.error;
  return execute_on_provider(turn, rule, retrieved.packet->in_port, retrieved.packet->frame);
}

}  // namespace oftwin::model

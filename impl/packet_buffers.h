// The packets that one connection's controller may still refer to by buffer id.
//
// A ring of slots, 256 unless the switch is set to fewer. An id is the slot in its low 8 bits and the slot's serial
// number above; the serial changes each time the slot is filled, so an old id is told apart; 0 is that of a slot never
// filled. source: Open vSwitch of July 2011, packet buffers. Invariant: a slot that holds a packet was filled under its
// present serial.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/word.h"

namespace oftwin::impl {

// An id's parts.
namespace buffer_id {
inline constexpr unsigned kSlotBits = 8;
inline constexpr std::uint32_t kReservedSerial =
    (1u << (32 - kSlotBits)) - 1;  // "no packet", and part of OFP_NO_BUFFER
template <class W>
constexpr W make(const W& slot, const W& serial) {
  return serial << kSlotBits | slot;
}
template <class W>
constexpr W slot(const W& id) {
  return id & ((1u << kSlotBits) - 1);
}
template <class W>
constexpr W serial(const W& id) {
  return id >> kSlotBits;
}
template <class W>
constexpr W next_serial(const W& last) {
  const W next = last + 1;
  return select(next >= kReservedSerial, W{1}, next);  // 0: never handed out
}
}  // namespace buffer_id

class PacketBuffers {
 public:
  explicit PacketBuffers(std::size_t n_slots) : slots_(n_slots) {}  // 1 to 256

  // Keeps a copy; returns its id, or OFP_NO_BUFFER when the slot in turn was filled less than 5 seconds ago and still
  // holds its packet.
  std::uint32_t save(ByteView frame, std::uint16_t in_port, std::uint64_t now_ms);

  struct Retrieved {
    Error error;
    bool packet = false;  // false without an error: the id asks for no packet
    std::uint16_t in_port = 0;
  };
  // Takes a packet out, once: `frame` receives it.
  Retrieved retrieve(std::uint32_t id, std::vector<std::uint8_t>& frame);

 private:
  struct Slot {
    std::vector<std::uint8_t> frame;
    bool full = false;
    std::uint32_t serial = 0;
    std::uint16_t in_port = 0;
    std::uint64_t expires_ms = 0;
  };

  std::vector<Slot> slots_;
  std::size_t next_ = 0;
};

}  // namespace oftwin::impl

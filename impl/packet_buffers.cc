// The ring of buffered packets; what it is stands in packet_buffers.h.
#include "impl/packet_buffers.h"

#include <utility>

#include "impl/wire.h"

namespace oftwin::impl {

namespace {
constexpr unsigned kSlotBits = 8;
constexpr std::uint32_t kReservedSerial = (1u << (32 - kSlotBits)) - 1;  // "no packet", and part of OFP_NO_BUFFER
constexpr std::uint64_t kKeepMs = 5000;
}  // namespace

std::uint32_t PacketBuffers::save(ByteView frame, std::uint16_t in_port, std::uint64_t now_ms) {
  const std::size_t index = std::exchange(next_, (next_ + 1) % slots_.size());
  Slot& slot = slots_[index];
  if (slot.full && now_ms < slot.expires_ms) return OFP_NO_BUFFER;
  if (++slot.serial >= kReservedSerial) slot.serial = 1;
  slot.frame.assign(frame.begin(), frame.end());
  slot.full = true;
  slot.in_port = in_port;
  slot.expires_ms = now_ms + kKeepMs;
  return slot.serial << kSlotBits | static_cast<std::uint32_t>(index);
}

PacketBuffers::Retrieved PacketBuffers::retrieve(std::uint32_t id, std::vector<std::uint8_t>& frame) {
  const std::size_t index = id & ((1u << kSlotBits) - 1);
  const std::uint32_t serial = id >> kSlotBits;
  if (index < slots_.size() && serial != 0 && slots_[index].serial == serial) {
    Slot& slot = slots_[index];
    if (!slot.full) return {kBufferEmpty};
    slot.full = false;
    frame.swap(slot.frame);
    return {{}, true, slot.in_port};
  }
  if (serial == kReservedSerial) return {};
  return {kBufferUnknown};
}

}  // namespace oftwin::impl

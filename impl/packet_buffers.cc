// The ring of buffered packets; what it is stands in packet_buffers.h.
#include "impl/packet_buffers.h"

#include <utility>

#include "impl/wire.h"

namespace oftwin::impl {

namespace {
constexpr std::uint64_t kKeepMs = 5000;
}  // namespace

std::uint32_t PacketBuffers::save(ByteView frame, std::uint16_t in_port, std::uint64_t now_ms) {
  const std::size_t index = std::exchange(next_, (next_ + 1) % slots_.size());
  Slot& slot = slots_[index];
  if (slot.full && now_ms < slot.expires_ms) return OFP_NO_BUFFER;
  slot.serial = buffer_id::next_serial(slot.serial);
  slot.frame.assign(frame.begin(), frame.end());
  slot.full = true;
  slot.in_port = in_port;
  slot.expires_ms = now_ms + kKeepMs;
  return buffer_id::make(static_cast<std::uint32_t>(index), slot.serial);
}

PacketBuffers::Retrieved PacketBuffers::retrieve(std::uint32_t id, std::vector<std::uint8_t>& frame) {
  const std::size_t index = buffer_id::slot(id);
  const std::uint32_t serial = buffer_id::serial(id);
  if (index < slots_.size() && serial != 0 && slots_[index].serial == serial) {
    Slot& slot = slots_[index];
    if (!slot.full) return {kBufferEmpty};
    slot.full = false;
    frame.swap(slot.frame);
    return {{}, true, slot.in_port};
  }
  if (serial == buffer_id::kReservedSerial) return {};
  return {kBufferUnknown};
}

}  // namespace oftwin::impl

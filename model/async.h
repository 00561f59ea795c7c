// Messages that nobody asked for.
#pragma once

#include <cstdint>

#include "model/state.h"
#include "model/step.h"
#include "spec/bytes.h"
#include "spec/event.h"

namespace oftwin::model {

// A packet is handed up by the provider and goes to every connection that takes packet-ins, in the order of service.
// send_len: bytes asked for by the action; 0xffff: all.
void packet_in(State& state, std::uint16_t in_port, ByteView frame, PacketInReason reason, std::uint16_t send_len,
               Outcome& out);

}  // namespace oftwin::model

// Messages that nobody asked for.
#pragma once

#include <cstdint>

#include "model/state.h"
#include "model/step.h"
#include "model/turn.h"
#include "spec/bytes.h"
#include "spec/event.h"

namespace oftwin::model {

// Of a packet-in whose packet is not to be asked for.
inline constexpr std::uint32_t kNullBuffer = 0xffffff00;

// A packet is handed up by the provider and goes to every connection that takes packet-ins, in the order of service.
// send_len: bytes asked for by the action; 0xffff: all.
void packet_in(Turn& turn, std::uint16_t in_port, ByteView frame, PacketInReason reason, std::uint16_t send_len);

// A rule is about to go. reason: OFPRR_*
void send_flow_removed(Turn& turn, const Rule& rule, std::uint8_t reason);

// The provider reports a port.
void change_port(Turn& turn, event::PortChangeKind kind, const PortConfig& port);
bool can_be_port(std::uint16_t number);  // the others stand for something else

}  // namespace oftwin::model

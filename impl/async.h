// What the switch says without being asked: flow-removed, packet-in, port-status.
#pragma once

#include "impl/core.h"

namespace oftwin::impl {

void send_flow_removed(Core& core, const Rule& rule, std::uint8_t reason);
// send_len: bytes asked for by the action, when there was one.
void send_packet_in(Core& core, std::uint16_t in_port, ByteView frame, std::uint8_t reason, std::size_t send_len);
void send_port_status(Core& core, std::uint8_t reason, const oft_port& port);

}  // namespace oftwin::impl

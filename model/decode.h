// From bytes to requests: slow and obvious. Everything here is a pure function of the bytes.
//
// Invariant: nothing is read beyond the view; a message is looked into only after recognise() has accepted its length.
#pragma once

#include <cstdint>
#include <variant>

#include "model/wire_match.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/match.h"
#include "spec/message.h"

namespace oftwin::model {

// Which message is this, and has it a length that such a message can have? `message` is one whole message of at least
// 8 bytes.
std::variant<MessageKind, Error> recognise(ByteView message);

// Whether this flow-mod or statistics request is one of the Nicira extensions, with an extended match.
bool extended(ByteView message);

struct FlowMod {
  Match match;
  std::uint32_t priority = 0;
  std::uint64_t cookie = 0;
  std::uint16_t command = 0;  // OFPFC_*
  std::uint8_t table = 0xff;  // 0xff: none was named
  std::uint16_t idle_timeout = 0, hard_timeout = 0;
  std::uint32_t buffer_id = 0xffffffff;
  std::uint16_t out_port = 0xffff;
  std::uint16_t flags = 0;
  Bytes actions;
  bool exact = false;  // see Rule
};
// with_table_id: the high byte of the command is a table.
std::variant<FlowMod, Error> decode_flow_mod(ByteView message, bool with_table_id, std::uint8_t tos_bits);

struct FlowStatsRequest {
  Match match;
  std::uint8_t table = 0xff;
  std::uint16_t out_port = 0xffff;
};
std::variant<FlowStatsRequest, Error> decode_flow_stats_request(ByteView message, std::uint8_t tos_bits);

struct PacketOut {
  std::uint32_t buffer_id = 0xffffffff;
  std::uint16_t in_port = 0;
  Bytes actions, frame;
};
std::variant<PacketOut, Error> decode_packet_out(ByteView message);

// Whether a list of actions, right or wrong, has an output or enqueue action to exactly this port.
bool outputs_to(ByteView actions, std::uint16_t port, bool enqueues);

}  // namespace oftwin::model

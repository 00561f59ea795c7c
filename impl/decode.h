// Bytes to requests, without copying: what a message is, and the fields of the larger ones.
//
// Total over any bytes: nothing is read that recognize() or the caller has not measured.
#pragma once

#include <cstdint>

#include "impl/match.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/message.h"

namespace oftwin::impl {

struct Recognized {
  MessageKind kind = MessageKind::not_for_switch;
  Error error;  // then the kind says nothing
};

// By type, then by length; `message` is a whole message (its header's length is its size).
Recognized recognize(ByteView message);

struct FlowMod {
  PackedMatch match;
  std::uint32_t priority = 0;
  std::uint16_t command = 0;
  std::uint8_t table_id = OFP_ALL_TABLES;
  std::uint64_t cookie = 0;
  std::uint16_t idle_timeout = 0, hard_timeout = 0;
  std::uint32_t buffer_id = OFP_NO_BUFFER;
  std::uint16_t out_port = OFPP_NONE;
  std::uint16_t flags = 0;
  ByteView actions;
};

// OFPT_FLOW_MOD or NXT_FLOW_MOD. `table_id_extension`: the high byte of the command is the table.
Error decode_flow_mod(ByteView message, bool table_id_extension, FlowMod* out);

struct FlowStatsRequest {
  PackedMatch match;
  std::uint8_t table_id = 0;
  std::uint16_t out_port = 0;
};
// Of OFPST_FLOW, OFPST_AGGREGATE, NXST_FLOW or NXST_AGGREGATE.
Error decode_flow_stats_request(ByteView message, FlowStatsRequest* out);

// Whether a request for statistics is one of Nicira's.
bool is_nicira_stats(ByteView message);

struct PacketOut {
  std::uint32_t buffer_id = OFP_NO_BUFFER;
  std::uint16_t in_port = 0;
  ByteView actions, frame;
};
Error decode_packet_out(ByteView message, PacketOut* out);

// Whether some output or enqueue action names this very port; OFPP_NONE: yes. Stops at an action of impossible length.
bool outputs_to(ByteView actions, std::uint16_t port);

}  // namespace oftwin::impl

// From what the switch says to bytes: one function for each message that a switch sends.
//
// Invariant: the length field is the length. Padding is zero.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/state.h"
#include "spec/bytes.h"

namespace oftwin::model {

// An answer that echoes the request's xid and what follows its header.
Bytes encode_echo_reply(ByteView request);
Bytes encode_echo_request();
Bytes encode_barrier_reply(std::uint32_t xid);
Bytes encode_role_reply(std::uint32_t xid, Role role);
Bytes encode_features_reply(std::uint32_t xid, const State& state);
// The list of queues is empty.
Bytes encode_queue_get_config_reply(std::uint32_t xid, std::uint16_t port);
Bytes encode_get_config_reply(std::uint32_t xid, bool drop_fragments, std::uint16_t miss_send_len);

// error: of OpenFlow or Nicira. request: its first 64 bytes follow.
Bytes encode_error(Error error, ByteView request);

// The records of a statistics reply, each for itself.
Bytes encode_desc(const Description& description);
// `extended`: the Nicira form, which has a word for unknown counters.
Bytes encode_flow_stats(const Rule& rule, Counters counters, std::uint64_t now_ms, bool extended);
Bytes encode_aggregate(Counters counters, std::size_t flows, bool extended);
Bytes encode_table_stats(const State& state, std::size_t table);
Bytes encode_port_stats(const Port& port);

// As many messages as it takes: a record never spans two. There is always at least one.
std::vector<Bytes> encode_stats_reply(ByteView request, std::span<const Bytes> records);

// reason: OFPRR_*
Bytes encode_flow_removed(const Rule& rule, std::uint8_t reason, Counters counters, std::uint64_t now_ms,
                          FlowFormat format);
// send_len: how much of the frame follows, at most
Bytes encode_packet_in(std::uint32_t buffer_id, std::uint16_t in_port, PacketInReason reason, ByteView frame,
                       std::size_t send_len);
Bytes encode_port_status(std::uint8_t reason, const PortConfig& port);

}  // namespace oftwin::model

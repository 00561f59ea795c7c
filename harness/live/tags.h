// By what messages are told apart on a live switch's connections: what it repeats of that which it was sent.
//
// Replies repeat the xid. A flow-removed message repeats the cookie, in whose upper half the flows of a scenario have
// its number. Packet-ins come in order, and a frame of our own that is sent straight to the controller, the sentinel,
// ends those of a scenario.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spec/bytes.h"

namespace oftwin::harness::live {

inline constexpr std::uint64_t kNoCookie = UINT64_MAX;  // says nothing about whose flow it was

std::uint32_t xid_in(ByteView message);
void set_xid(Bytes& message, std::uint32_t xid);

// The number of a scenario as cookies have it: from 1 up, and never all ones.
std::uint64_t cookie_tag(std::uint64_t scenario);
// Puts it into the cookie of a flow-mod of either form; other messages, and a cookie of all ones, stay.
void tag_cookie(Bytes& message, std::uint64_t scenario);
// Of a flow-mod or flow-removed message of either form.
std::optional<std::uint64_t> cookie_in(ByteView message);
inline std::uint64_t tag_in(std::uint64_t cookie) { return cookie >> 32; }

Bytes sentinel_frame(std::uint64_t scenario);
// The number that a frame has if it is a sentinel, modulo 2^32.
std::optional<std::uint32_t> sentinel_number(ByteView frame);
// The number that the sentinel in a packet-in has, modulo 2^32; nullopt: there is none in it.
std::optional<std::uint32_t> sentinel_in(ByteView packet_in);

// A Nicira message of that subtype.
bool is_nicira_message(ByteView message, std::uint32_t subtype);
struct FlowModHead {
  std::uint16_t command, flags;  // as sent, with a table in the command if the connection has asked for that
};
// nullopt: it is no flow-mod of either form.
std::optional<FlowModHead> flow_mod_in(ByteView message);
bool is_statistics_request(ByteView message, std::uint16_t type);
// After it, messages that were caused before and are still on their way may come in another form, or not at all, or to
// others.
bool changes_what_is_heard(ByteView message);

}  // namespace oftwin::harness::live

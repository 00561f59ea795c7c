#include "harness/live/tags.h"

#include <algorithm>

#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

constexpr Mac kSentinelMac = {0x02, 'o', 'f', 't', 'w', 'n'};
constexpr std::uint16_t kSentinelType = 0x88b5;  // for local experiments

// Where a flow-mod or a flow-removed message of either form has its cookie.
std::optional<std::size_t> cookie_at(ByteView m) {
  if (m[1] == OFPT_FLOW_MOD && m.size() >= wire::flow_mod::size) return wire::flow_mod::cookie.offset;
  if (m[1] == OFPT_FLOW_REMOVED && m.size() >= wire::flow_removed::size) return wire::flow_removed::cookie.offset;
  if (is_nicira_message(m, NXT_FLOW_MOD) && m.size() >= wire::nx_flow_mod::size)
    return wire::nx_flow_mod::cookie.offset;
  if (is_nicira_message(m, NXT_FLOW_REMOVED) && m.size() >= wire::nx_flow_removed::size)
    return wire::nx_flow_removed::cookie.offset;
  return std::nullopt;
}

void set_number(Bytes& out, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = 0; i < size; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

}  // namespace

std::uint32_t xid_in(ByteView message) { return Reader(message.subspan(4, 4)).get<std::uint32_t>(); }
void set_xid(Bytes& message, std::uint32_t xid) { set_number(message, 4, 4, xid); }

std::uint64_t cookie_tag(std::uint64_t scenario) { return scenario % 0x7fffffff + 1; }

std::optional<std::uint64_t> cookie_in(ByteView message) {
  const auto at = cookie_at(message);
  return at ? std::optional(Reader(message.subspan(*at)).get<std::uint64_t>()) : std::nullopt;
}

void tag_cookie(Bytes& message, std::uint64_t scenario) {
  const auto cookie = cookie_in(message);
  if (!cookie || *cookie == kNoCookie) return;
  set_number(message, *cookie_at(message), 8, (*cookie & 0xffffffff) | cookie_tag(scenario) << 32);
}

Bytes sentinel_frame(std::uint64_t scenario) {
  Bytes out(kSentinelMac.begin(), kSentinelMac.end());
  put(out, static_cast<std::uint16_t>(0x0200));
  put(out, static_cast<std::uint32_t>(scenario));
  put(out, kSentinelType);
  out.resize(60);
  return out;
}

std::optional<std::uint32_t> sentinel_number(ByteView frame) {
  const bool mine = frame.size() >= 14 && std::equal(kSentinelMac.begin(), kSentinelMac.end(), frame.begin()) &&
                    frame[12] == kSentinelType >> 8 && frame[13] == (kSentinelType & 0xff);
  if (!mine) return std::nullopt;
  return Reader(frame.subspan(kSentinelMac.size() + 2, 4)).get<std::uint32_t>();
}

std::optional<std::uint32_t> sentinel_in(ByteView message) {
  return sentinel_number(message.subspan(std::min<std::size_t>(message.size(), wire::packet_in::size)));
}

bool is_nicira_message(ByteView message, std::uint32_t subtype) {
  if (message[1] != OFPT_VENDOR || message.size() < wire::vendor_msg::nicira_size) return false;
  Reader r(message.subspan(8));
  return r.get<std::uint32_t>() == NX_VENDOR_ID && r.get<std::uint32_t>() == subtype;
}

std::optional<FlowModHead> flow_mod_in(ByteView m) {
  const auto at = [&](std::size_t offset) { return Reader(m.subspan(offset)).get<std::uint16_t>(); };
  if (m[1] == OFPT_FLOW_MOD && m.size() >= wire::flow_mod::size)
    return FlowModHead{at(wire::flow_mod::command.offset), at(wire::flow_mod::flags.offset)};
  if (is_nicira_message(m, NXT_FLOW_MOD) && m.size() >= wire::nx_flow_mod::size)
    return FlowModHead{at(wire::nx_flow_mod::command.offset), at(wire::nx_flow_mod::flags.offset)};
  return std::nullopt;
}

bool is_statistics_request(ByteView message, std::uint16_t type) {
  return message[1] == OFPT_STATS_REQUEST && message.size() >= wire::stats_msg::size && message[8] == type >> 8 &&
         message[9] == (type & 0xff);
}

bool changes_what_is_heard(ByteView m) {
  if (m[1] == OFPT_SET_CONFIG) return m.size() == wire::switch_config::size && m[10] == 0 && m[11] == 0;
  return is_nicira_message(m, NXT_ROLE_REQUEST) || is_nicira_message(m, NXT_SET_FLOW_FORMAT);
}

}  // namespace oftwin::harness::live

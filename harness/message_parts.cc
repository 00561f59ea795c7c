#include "harness/message_parts.h"

#include <algorithm>
#include <array>

#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

// 0 where the message has ended before.
std::uint64_t number(ByteView bytes, wire::Field field) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size; ++i) {
    const std::size_t at = field.offset + i;
    value = value << 8 | (at < bytes.size() ? bytes[at] : 0);
  }
  return value;
}
ByteView from(ByteView bytes, std::size_t offset) { return bytes.subspan(std::min(offset, bytes.size())); }
ByteView part(ByteView bytes, std::size_t offset, std::size_t size) {
  const ByteView rest = from(bytes, offset);
  return rest.first(std::min(size, rest.size()));
}

void flow_mod(ByteView message, MessageParts& parts) {
  namespace w = wire::flow_mod;
  if (message.size() < w::size) return;
  parts.match = decode_match(message.subspan(w::match.offset));
  parts.flags = static_cast<std::uint16_t>(number(message, w::flags));
  parts.idle_timeout = number(message, w::idle_timeout) != 0;
  parts.hard_timeout = number(message, w::hard_timeout) != 0;
  parts.actions = from(message, w::size);
}

void nx_flow_mod(ByteView message, MessageParts& parts) {
  namespace w = wire::nx_flow_mod;
  parts.extended = true;
  const std::size_t length = number(message, w::match_len);
  parts.entries = part(message, w::size, length);
  parts.flags = static_cast<std::uint16_t>(number(message, w::flags));
  parts.idle_timeout = number(message, w::idle_timeout) != 0;
  parts.hard_timeout = number(message, w::hard_timeout) != 0;
  parts.actions = from(message, w::size + (length + 7) / 8 * 8);
}

void vendor(ByteView message, MessageParts& parts) {
  if (number(message, wire::vendor_msg::vendor) != NX_VENDOR_ID) return;
  parts.nicira = true;
  switch (number(message, wire::vendor_msg::subtype)) {
    case NXT_ROLE_REQUEST:
      parts.role = true;
      return;
    case NXT_SET_FLOW_FORMAT:
      parts.extended = true;
      return;
    case NXT_FLOW_MOD:
      return nx_flow_mod(message, parts);
    case NXT_FLOW_MOD_TABLE_ID:
      parts.table_id = true;
      return;
    default:
      return;
  }
}

void statistics(ByteView message, MessageParts& parts) {
  const auto type = static_cast<std::uint16_t>(number(message, wire::stats_msg::type));
  if (type != OFPST_VENDOR) {
    parts.statistics = type;
    if ((type == OFPST_FLOW || type == OFPST_AGGREGATE) && message.size() >= wire::flow_stats_request::size) {
      parts.match = decode_match(message.subspan(wire::flow_stats_request::match.offset));
    }
    return;
  }
  if (number(message, wire::nx_stats_msg::vendor) != NX_VENDOR_ID) return;
  parts.nicira = true;
  const std::uint64_t subtype = number(message, wire::nx_stats_msg::subtype);
  if (subtype != NXST_FLOW && subtype != NXST_AGGREGATE) return;
  parts.extended = true;
  parts.statistics = subtype == NXST_FLOW ? OFPST_FLOW : OFPST_AGGREGATE;
  const std::size_t length = number(message, wire::nx_flow_stats_request::match_len);
  parts.entries = part(message, wire::nx_flow_stats_request::size, length);
}

// How the mask of an entry is shaped; all ones count as exact.
Masks shape_of(ByteView mask) {
  const auto ones = std::find_if(mask.begin(), mask.end(), [](std::uint8_t b) { return b != 0xff; });
  if (ones == mask.end()) return Masks::exact;
  const auto rest = static_cast<std::uint8_t>(~*ones);
  const bool prefix = (rest & (rest + 1)) == 0 && std::all_of(ones + 1, mask.end(), [](auto b) { return b == 0; });
  return prefix ? Masks::prefix : Masks::any;
}

}  // namespace

MessageParts parts_of(ByteView message) {
  MessageParts parts;
  parts.malformed = !decode_request(message);
  switch (number(message, wire::header::type)) {
    case OFPT_FLOW_MOD:
      flow_mod(message, parts);
      break;
    case OFPT_PACKET_OUT: {
      const std::size_t length = number(message, wire::packet_out::actions_len);
      parts.actions = part(message, wire::packet_out::size, length);
      break;
    }
    case OFPT_VENDOR:
      vendor(message, parts);
      break;
    case OFPT_STATS_REQUEST:
      statistics(message, parts);
      break;
    case OFPT_PORT_MOD:
      parts.port_mod = true;
      break;
    case OFPT_QUEUE_GET_CONFIG_REQUEST:
      parts.queue_config = true;
      break;
    default:
      break;
  }
  return parts;
}

std::uint32_t xid_in(ByteView message) { return static_cast<std::uint32_t>(number(message, wire::header::xid)); }

unsigned address_wildcards(const WireMatch& match, std::size_t field) {
  const unsigned shift = kMatchFields[field] == "nw_src" ? OFPFW_NW_SRC_SHIFT : OFPFW_NW_DST_SHIFT;
  return std::min(32u, match.wildcards >> shift & OFPFW_NW_BITS_MASK);
}

std::uint32_t wildcard_bit(std::size_t field) {
  constexpr std::array<std::uint32_t, 12> bits = {
      OFPFW_IN_PORT, OFPFW_DL_SRC,   OFPFW_DL_DST, OFPFW_DL_VLAN, OFPFW_DL_VLAN_PCP, OFPFW_DL_TYPE, 0, 0,
      OFPFW_NW_TOS,  OFPFW_NW_PROTO, OFPFW_TP_SRC, OFPFW_TP_DST};
  return bits[field];
}

Masks asked_masks(const WireMatch& match, std::size_t field) {
  if (const std::uint32_t bit = wildcard_bit(field)) return match.wildcards & bit ? Masks::none : Masks::exact;
  const unsigned wild = address_wildcards(match, field);
  return wild == 32 ? Masks::none : wild == 0 ? Masks::exact : Masks::prefix;
}

std::vector<NxmEntry> cut_entries(ByteView entries) {
  std::vector<NxmEntry> out;
  while (entries.size() >= 4) {
    const auto header = static_cast<std::uint32_t>(number(entries, {0, 4}));
    const std::size_t length = 4 + (header & 0xff);
    if (length > entries.size()) break;
    NxmEntry entry{entries.first(length), {}, Masks::exact};
    const bool masked = header & 0x100;
    for (std::size_t i = 0; i < nxm::fields.size(); ++i) {
      const NxmField& field = nxm::fields[i];
      if (field.type == header >> 9 && length == 4 + field.size * (masked ? 2 : 1)) entry.field = i;
    }
    if (entry.field && masked) entry.masks = shape_of(entry.bytes.last((length - 4) / 2));
    out.push_back(entry);
    entries = entries.subspan(length);
  }
  return out;
}

std::vector<WireAction> cut_actions(ByteView actions) {
  namespace w = wire::action;
  std::vector<WireAction> out;
  while (actions.size() >= 8) {
    const std::size_t length = number(actions, w::len);
    if (length < 8 || length > actions.size()) break;
    WireAction a{actions.first(length), static_cast<std::uint16_t>(number(actions, w::type)), {}, {}};
    if (a.type == OFPAT_OUTPUT) a.port = static_cast<std::uint16_t>(number(a.bytes, w::output_port));
    if (a.type == OFPAT_ENQUEUE) a.port = static_cast<std::uint16_t>(number(a.bytes, w::enqueue_port));
    if (a.type == OFPAT_VENDOR && number(a.bytes, w::vendor) == NX_VENDOR_ID) {
      a.nicira = static_cast<std::uint16_t>(number(a.bytes, wire::nx_action::subtype));
    }
    out.push_back(a);
    actions = actions.subspan(length);
  }
  return out;
}

}  // namespace oftwin::harness

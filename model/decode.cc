// From bytes to requests. Invariant: nothing is read beyond the view.
#include "model/decode.h"

#include <array>

#include "model/match.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

// A kind of message: its number, and the lengths that it can have. multiple 0: exactly `size` bytes; otherwise longer
// by any multiple.
struct Shape {
  std::uint32_t number;
  std::size_t size;
  std::size_t multiple;
  MessageKind kind;
};

constexpr auto kNot = MessageKind::not_for_switch;
constexpr auto kNoStatistics = MessageKind::statistics_not_for_switch;

constexpr std::array<Shape, 20> kMessages{{
    {OFPT_HELLO, wire::header::size, 1, kNot},
    {OFPT_ERROR, wire::error_msg::size, 1, kNot},
    {OFPT_ECHO_REQUEST, wire::header::size, 1, MessageKind::echo_request},
    {OFPT_ECHO_REPLY, wire::header::size, 1, MessageKind::echo_reply},
    {OFPT_VENDOR, wire::vendor_msg::vendor_size, 1, kNot},
    {OFPT_FEATURES_REQUEST, wire::header::size, 0, MessageKind::features_request},
    {OFPT_FEATURES_REPLY, wire::switch_features::size, wire::phy_port::size, kNot},
    {OFPT_GET_CONFIG_REQUEST, wire::header::size, 0, MessageKind::get_config_request},
    {OFPT_GET_CONFIG_REPLY, wire::switch_config::size, 0, kNot},
    {OFPT_SET_CONFIG, wire::switch_config::size, 0, MessageKind::set_config},
    {OFPT_PACKET_IN, wire::packet_in::size, 1, kNot},
    {OFPT_FLOW_REMOVED, wire::flow_removed::size, 0, kNot},
    {OFPT_PORT_STATUS, wire::port_status::size, 0, kNot},
    {OFPT_PACKET_OUT, wire::packet_out::size, 1, MessageKind::packet_out},
    {OFPT_FLOW_MOD, wire::flow_mod::size, 1, MessageKind::flow_mod},
    {OFPT_PORT_MOD, wire::port_mod::size, 0, MessageKind::port_mod},
    {OFPT_STATS_REQUEST, wire::stats_msg::size, 1, kNoStatistics},
    {OFPT_STATS_REPLY, wire::stats_msg::size, 1, kNoStatistics},
    {OFPT_BARRIER_REQUEST, wire::header::size, 0, MessageKind::barrier_request},
    {OFPT_BARRIER_REPLY, wire::header::size, 0, kNot},
}};

constexpr std::array<Shape, 7> kStatisticsRequests{{
    {OFPST_DESC, wire::stats_msg::size, 0, MessageKind::desc_stats},
    {OFPST_FLOW, wire::flow_stats_request::size, 0, MessageKind::flow_stats},
    {OFPST_AGGREGATE, wire::flow_stats_request::size, 0, MessageKind::aggregate_stats},
    {OFPST_TABLE, wire::stats_msg::size, 0, MessageKind::table_stats},
    {OFPST_PORT, wire::port_stats_request::size, 0, MessageKind::port_stats},
    {OFPST_QUEUE, wire::queue_stats_request::size, 0, MessageKind::queue_stats},
    {OFPST_VENDOR, wire::nx_stats_msg::vendor.offset + 4, 1, kNoStatistics},
}};

constexpr std::array<Shape, 7> kStatisticsReplies{{
    {OFPST_DESC, wire::stats_msg::size + wire::desc_stats::size, 0, kNoStatistics},
    {OFPST_FLOW, wire::stats_msg::size, 1, kNoStatistics},
    {OFPST_AGGREGATE, wire::stats_msg::size + wire::aggregate_stats::size, 0, kNoStatistics},
    {OFPST_TABLE, wire::stats_msg::size, wire::table_stats::size, kNoStatistics},
    {OFPST_PORT, wire::stats_msg::size, wire::port_stats::size, kNoStatistics},
    {OFPST_QUEUE, wire::stats_msg::size, wire::queue_stats::size, kNoStatistics},
    {OFPST_VENDOR, wire::nx_stats_msg::vendor.offset + 4, 1, kNoStatistics},
}};

constexpr std::array<Shape, 6> kNiciraMessages{{
    {NXT_ROLE_REQUEST, wire::nx_role::size, 0, MessageKind::role_request},
    {NXT_ROLE_REPLY, wire::nx_role::size, 0, kNot},
    {NXT_SET_FLOW_FORMAT, wire::nx_set_flow_format::size, 0, MessageKind::set_flow_format},
    {NXT_FLOW_MOD, wire::nx_flow_mod::size, 8, MessageKind::flow_mod},
    {NXT_FLOW_REMOVED, wire::nx_flow_removed::size, 8, kNot},
    {NXT_FLOW_MOD_TABLE_ID, wire::nx_flow_mod_table_id::size, 0, MessageKind::flow_mod_table_id},
}};

constexpr std::array<Shape, 2> kNiciraRequests{{
    {NXST_FLOW, wire::nx_flow_stats_request::size, 8, MessageKind::flow_stats},
    {NXST_AGGREGATE, wire::nx_flow_stats_request::size, 8, MessageKind::aggregate_stats},
}};

constexpr std::array<Shape, 2> kNiciraReplies{{
    {NXST_FLOW, wire::nx_stats_msg::size, 8, kNoStatistics},
    {NXST_AGGREGATE, wire::nx_stats_msg::size + wire::nx_aggregate_stats::size, 0, kNoStatistics},
}};

constexpr Error bad_request(std::uint16_t code) { return openflow_error(OFPET_BAD_REQUEST, code); }

bool length_possible(const Shape& shape, std::size_t length) {
  if (shape.multiple == 0) return length == shape.size;
  return length >= shape.size && (length - shape.size) % shape.multiple == 0;
}

template <std::size_t N>
std::variant<MessageKind, Error> look_up(const std::array<Shape, N>& shapes, std::uint32_t number, std::size_t length,
                                         std::uint16_t unknown) {
  for (const Shape& shape : shapes) {
    if (shape.number != number) continue;
    if (!length_possible(shape, length)) return bad_request(OFPBRC_BAD_LEN);
    return shape.kind;
  }
  return bad_request(unknown);
}

std::variant<MessageKind, Error> recognise_vendor(ByteView message) {
  if (get(message, wire::vendor_msg::vendor) != NX_VENDOR_ID) return bad_request(OFPBRC_BAD_VENDOR);
  if (message.size() < wire::vendor_msg::nicira_size) return bad_request(OFPBRC_BAD_LEN);
  return look_up(kNiciraMessages, get(message, wire::vendor_msg::subtype), message.size(), OFPBRC_BAD_SUBTYPE);
}

template <std::size_t N, std::size_t M>
std::variant<MessageKind, Error> recognise_statistics(const std::array<Shape, N>& shapes,
                                                      const std::array<Shape, M>& nicira, ByteView message) {
  const auto type = get<std::uint16_t>(message, wire::stats_msg::type);
  const auto found = look_up(shapes, type, message.size(), OFPBRC_BAD_STAT);
  if (type != OFPST_VENDOR || std::holds_alternative<Error>(found)) return found;
  if (get(message, wire::nx_stats_msg::vendor) != NX_VENDOR_ID) return bad_request(OFPBRC_BAD_VENDOR);
  if (message.size() < wire::nx_stats_msg::size) return bad_request(OFPBRC_BAD_LEN);
  return look_up(nicira, get(message, wire::nx_stats_msg::subtype), message.size(), OFPBRC_BAD_SUBTYPE);
}

// count: how many low bits of the address are wildcarded; 32 to 63 mean all.
std::uint32_t address_mask(std::uint32_t count) { return count >= 32 ? 0 : 0xffffffffu << count; }

template <class T>
Masked<T> exact_unless(bool wildcarded, T value, T all = static_cast<T>(~T{})) {
  return wildcarded ? Masked<T>{} : Masked<T>{value, all};
}

constexpr std::uint16_t kVid = 0x0fff, kPcp = 0xe000, kTagPresent = 0x1000;

Masked<std::uint16_t> decode_vlan(std::uint32_t wildcards, std::uint16_t vid, std::uint8_t pcp) {
  const bool any_vid = wildcards & OFPFW_DL_VLAN, any_pcp = wildcards & OFPFW_DL_VLAN_PCP;
  if (!any_vid && vid == OFP_VLAN_NONE) return {0, 0xffff};
  Masked<std::uint16_t> tci;
  if (!any_vid) tci = {static_cast<std::uint16_t>(kTagPresent | (vid & kVid)), kTagPresent | kVid};
  if (!any_pcp) {
    tci.value = static_cast<std::uint16_t>(tci.value | kTagPresent | ((pcp << 13) & kPcp));
    tci.mask = static_cast<std::uint16_t>(tci.mask | kTagPresent | kPcp);
  }
  return tci;
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Where the two flow-mods have what they have in common.
struct FlowModLayout {
  wire::Field cookie, command, idle_timeout, hard_timeout, priority, buffer_id, out_port, flags;
  std::size_t size;
};
constexpr FlowModLayout flow_mod_layout() {
  using namespace wire::flow_mod;
  return {cookie, command, idle_timeout, hard_timeout, priority, buffer_id, out_port, flags, size};
}
constexpr FlowModLayout extended_flow_mod_layout() {
  using namespace wire::nx_flow_mod;
  return {cookie, command, idle_timeout, hard_timeout, priority, buffer_id, out_port, flags, size};
}
constexpr FlowModLayout kFlowMod = flow_mod_layout(), kExtendedFlowMod = extended_flow_mod_layout();

// Takes a match of `length` bytes and its padding off the front of `rest`.
std::variant<Match, Error> take_nxm(ByteView& rest, std::size_t length, std::uint8_t tos_bits) {
  const std::size_t padded = (length + 7) / 8 * 8;
  if (padded > rest.size()) return bad_request(OFPBRC_BAD_LEN);
  const ByteView entries = rest.first(length);
  rest = rest.subspan(padded);
  return decode_nxm(entries, tos_bits);
}

}  // namespace

std::variant<MessageKind, Error> recognise(ByteView message) {
  const auto type = get<std::uint8_t>(message, wire::header::type);
  const auto found = look_up(kMessages, type, message.size(), OFPBRC_BAD_TYPE);
  if (std::holds_alternative<Error>(found)) return found;
  if (type == OFPT_VENDOR) return recognise_vendor(message);
  if (type == OFPT_STATS_REQUEST) return recognise_statistics(kStatisticsRequests, kNiciraRequests, message);
  if (type == OFPT_STATS_REPLY) return recognise_statistics(kStatisticsReplies, kNiciraReplies, message);
  return found;
}

Match decode_match(ByteView message, std::size_t at, std::uint8_t tos_bits) {
  namespace w = wire::match;
  const auto wildcards = get(message, w::wildcards, at);
  const auto has = [&](std::uint32_t bit) { return (wildcards & bit) != 0; };
  constexpr std::uint64_t mac = 0xffffffffffff;
  Match m;
  m.in_port = exact_unless(has(OFPFW_IN_PORT), get<std::uint16_t>(message, w::in_port, at));
  m.dl_src = exact_unless(has(OFPFW_DL_SRC), get<std::uint64_t>(message, w::dl_src, at), mac);
  m.dl_dst = exact_unless(has(OFPFW_DL_DST), get<std::uint64_t>(message, w::dl_dst, at), mac);
  m.dl_type = exact_unless(has(OFPFW_DL_TYPE), get<std::uint16_t>(message, w::dl_type, at));
  m.vlan_tci = decode_vlan(wildcards, get<std::uint16_t>(message, w::dl_vlan, at),
                           get<std::uint8_t>(message, w::dl_vlan_pcp, at));
  m.nw_tos = exact_unless<std::uint8_t>(has(OFPFW_NW_TOS), get<std::uint8_t>(message, w::nw_tos, at), tos_bits);
  m.nw_proto = exact_unless(has(OFPFW_NW_PROTO), get<std::uint8_t>(message, w::nw_proto, at));
  m.nw_src = {get(message, w::nw_src, at), address_mask(wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK)};
  m.nw_dst = {get(message, w::nw_dst, at), address_mask(wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK)};
  m.tp_src = exact_unless(has(OFPFW_TP_SRC), get<std::uint16_t>(message, w::tp_src, at));
  m.tp_dst = exact_unless(has(OFPFW_TP_DST), get<std::uint16_t>(message, w::tp_dst, at));
  return canonical(m);
}

bool extended(ByteView message) {
  const auto type = get<std::uint8_t>(message, wire::header::type);
  if (type != OFPT_STATS_REQUEST) return type == OFPT_VENDOR;
  return get<std::uint16_t>(message, wire::stats_msg::type) == OFPST_VENDOR;
}

std::variant<FlowMod, Error> decode_flow_mod(ByteView message, bool with_table_id, std::uint8_t tos_bits) {
  const bool nx = extended(message);
  const FlowModLayout& w = nx ? kExtendedFlowMod : kFlowMod;
  FlowMod fm;
  fm.priority = get(message, w.priority);
  ByteView rest = message.subspan(w.size);
  if (nx) {
    const auto match = take_nxm(rest, get<std::size_t>(message, wire::nx_flow_mod::match_len), tos_bits);
    if (const auto* error = std::get_if<Error>(&match)) return *error;
    fm.match = std::get<Match>(match);
  } else {
    fm.match = normalized(decode_match(message, wire::flow_mod::match.offset, tos_bits));
    if ((get(message, wire::match::wildcards, wire::flow_mod::match.offset) & OFPFW_ALL) == 0) fm.priority = 0xffff;
  }
  if (rest.size() % 8 != 0) return bad_request(OFPBRC_BAD_LEN);
  fm.cookie = get<std::uint64_t>(message, w.cookie);
  fm.command = get<std::uint16_t>(message, w.command);
  if (with_table_id) {
    fm.table = static_cast<std::uint8_t>(fm.command >> 8);
    fm.command &= 0xff;
  }
  fm.idle_timeout = get<std::uint16_t>(message, w.idle_timeout);
  fm.hard_timeout = get<std::uint16_t>(message, w.hard_timeout);
  fm.buffer_id = get(message, w.buffer_id);
  fm.out_port = get<std::uint16_t>(message, w.out_port);
  fm.flags = get<std::uint16_t>(message, w.flags);
  fm.actions = copy(rest);
  return fm;
}

std::variant<FlowStatsRequest, Error> decode_flow_stats_request(ByteView message, std::uint8_t tos_bits) {
  if (!extended(message)) {
    namespace w = wire::flow_stats_request;
    return FlowStatsRequest{decode_match(message, w::match.offset, tos_bits), get<std::uint8_t>(message, w::table_id),
                            get<std::uint16_t>(message, w::out_port)};
  }
  namespace w = wire::nx_flow_stats_request;
  ByteView rest = message.subspan(w::size);
  const auto match = take_nxm(rest, get<std::size_t>(message, w::match_len), tos_bits);
  if (const auto* error = std::get_if<Error>(&match)) return *error;
  if (!rest.empty()) return bad_request(OFPBRC_BAD_LEN);
  return FlowStatsRequest{std::get<Match>(match), get<std::uint8_t>(message, w::table_id),
                          get<std::uint16_t>(message, w::out_port)};
}

std::variant<PacketOut, Error> decode_packet_out(ByteView message) {
  namespace w = wire::packet_out;
  const auto length = get<std::size_t>(message, w::actions_len);
  const ByteView rest = message.subspan(w::size);
  if (length % 8 != 0 || length > rest.size()) return bad_request(OFPBRC_BAD_LEN);
  return PacketOut{get(message, w::buffer_id), get<std::uint16_t>(message, w::in_port), copy(rest.first(length)),
                   copy(rest.subspan(length))};
}

bool outputs_to(ByteView actions, std::uint16_t port) {
  namespace w = wire::action;
  while (actions.size() >= 8) {
    const auto type = get<std::uint16_t>(actions, w::type);
    const auto length = get<std::size_t>(actions, w::len);
    if (length == 0 || length % 8 != 0 || length > actions.size()) return false;
    const bool to_port = type == OFPAT_OUTPUT || type == OFPAT_ENQUEUE;  // which have the port in the same place
    if (to_port && get<std::uint16_t>(actions, w::output_port) == port) return true;
    actions = actions.subspan(length);
  }
  return false;
}

}  // namespace oftwin::model

// Recognition by tables, then plain reads. The layouts stand in spec/openflow.h and spec/nicira.h.
#include "impl/decode.h"

#include "impl/nxm.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

// A length is right when it is `min` plus a multiple of `step`; step 0: exactly `min`.
struct Form {
  std::uint32_t key;
  Request request;  // refused: known, but nothing that a switch takes
  std::uint16_t min, step;
};

constexpr Form kTypes[] = {
    {OFPT_HELLO, Request::refused, wire::header::size, 1},
    {OFPT_ERROR, Request::refused, wire::error_msg::size, 1},
    {OFPT_ECHO_REQUEST, Request::echo_request, wire::header::size, 1},
    {OFPT_ECHO_REPLY, Request::echo_reply, wire::header::size, 1},
    {OFPT_FEATURES_REQUEST, Request::features, wire::header::size, 0},
    {OFPT_FEATURES_REPLY, Request::refused, wire::switch_features::size, wire::phy_port::size},
    {OFPT_GET_CONFIG_REQUEST, Request::get_config, wire::header::size, 0},
    {OFPT_GET_CONFIG_REPLY, Request::refused, wire::switch_config::size, 0},
    {OFPT_SET_CONFIG, Request::set_config, wire::switch_config::size, 0},
    {OFPT_PACKET_IN, Request::refused, wire::packet_in::size, 1},
    {OFPT_FLOW_REMOVED, Request::refused, wire::flow_removed::size, 0},
    {OFPT_PORT_STATUS, Request::refused, wire::port_status::size, 0},
    {OFPT_PACKET_OUT, Request::packet_out, wire::packet_out::size, 1},
    {OFPT_FLOW_MOD, Request::flow_mod, wire::flow_mod::size, 1},
    {OFPT_PORT_MOD, Request::port_mod, wire::port_mod::size, 0},
    {OFPT_BARRIER_REQUEST, Request::barrier, wire::header::size, 0},
    {OFPT_BARRIER_REPLY, Request::refused, wire::header::size, 0},
};

constexpr Form kStatsRequests[] = {
    {OFPST_DESC, Request::desc_stats, wire::stats_msg::size, 0},
    {OFPST_FLOW, Request::flow_stats, wire::flow_stats_request::size, 0},
    {OFPST_AGGREGATE, Request::aggregate_stats, wire::flow_stats_request::size, 0},
    {OFPST_TABLE, Request::table_stats, wire::stats_msg::size, 0},
    {OFPST_PORT, Request::port_stats, wire::port_stats_request::size, 0},
    {OFPST_QUEUE, Request::queue_stats, wire::queue_stats_request::size, 0},
};

constexpr Form kStatsReplies[] = {
    {OFPST_DESC, Request::refused, wire::stats_msg::size + wire::desc_stats::size, 0},
    {OFPST_FLOW, Request::refused, wire::stats_msg::size, 1},
    {OFPST_AGGREGATE, Request::refused, wire::stats_msg::size + wire::aggregate_stats::size, 0},
    {OFPST_TABLE, Request::refused, wire::stats_msg::size, wire::table_stats::size},
    {OFPST_PORT, Request::refused, wire::stats_msg::size, wire::port_stats::size},
    {OFPST_QUEUE, Request::refused, wire::stats_msg::size, wire::queue_stats::size},
};

constexpr Form kNicira[] = {
    {NXT_ROLE_REQUEST, Request::role, wire::nx_role::size, 0},
    {NXT_ROLE_REPLY, Request::refused, wire::nx_role::size, 0},
    {NXT_SET_FLOW_FORMAT, Request::set_flow_format, wire::nx_set_flow_format::size, 0},
    {NXT_FLOW_MOD, Request::flow_mod, wire::nx_flow_mod::size, 8},
    {NXT_FLOW_REMOVED, Request::refused, wire::nx_flow_removed::size, 8},
    {NXT_FLOW_MOD_TABLE_ID, Request::flow_mod_table_id, wire::nx_flow_mod_table_id::size, 0},
};

constexpr Form kNiciraStatsRequests[] = {
    {NXST_FLOW, Request::flow_stats, wire::nx_flow_stats_request::size, 8},
    {NXST_AGGREGATE, Request::aggregate_stats, wire::nx_flow_stats_request::size, 8},
};

constexpr Form kNiciraStatsReplies[] = {
    {NXST_FLOW, Request::refused, wire::nx_stats_msg::size, 8},
    {NXST_AGGREGATE, Request::refused, wire::nx_stats_msg::size + wire::nx_aggregate_stats::size, 0},
};

// `unknown`: what is said to a key that no form has; `untaken`: to one that is known but goes the other way.
template <std::size_t N>
Recognized look_up(const Form (&forms)[N], std::uint32_t key, std::size_t length, Error unknown, Error untaken) {
  for (const Form& form : forms) {
    if (form.key != key) continue;
    const bool fits =
        length >= form.min && (form.step == 0 ? length == form.min : (length - form.min) % form.step == 0);
    if (!fits) return {Request::refused, kBadLen};
    if (form.request == Request::refused) return {Request::refused, untaken};
    return {form.request, {}};
  }
  return {Request::refused, unknown};
}

Recognized recognize_vendor(ByteView m) {
  if (m.size() < wire::vendor_msg::vendor_size) return {Request::refused, kBadLen};
  if (get<wire::vendor_msg::vendor>(m.data()) != NX_VENDOR_ID) return {Request::refused, kBadVendor};
  if (m.size() < wire::vendor_msg::nicira_size) return {Request::refused, kBadLen};
  return look_up(kNicira, get<wire::vendor_msg::subtype>(m.data()), m.size(), kBadSubtype, kBadType);
}

Recognized recognize_vendor_stats(ByteView m, bool reply) {
  constexpr std::size_t vendor_end = wire::nx_stats_msg::vendor.offset + wire::nx_stats_msg::vendor.size;
  if (m.size() < vendor_end) return {Request::refused, kBadLen};
  if (get<wire::nx_stats_msg::vendor>(m.data()) != NX_VENDOR_ID) return {Request::refused, kBadVendor};
  if (m.size() < wire::nx_stats_msg::size) return {Request::refused, kBadLen};
  const std::uint32_t subtype = get<wire::nx_stats_msg::subtype>(m.data());
  return reply ? look_up(kNiciraStatsReplies, subtype, m.size(), kBadSubtype, kBadStat)
               : look_up(kNiciraStatsRequests, subtype, m.size(), kBadSubtype, kBadStat);
}

Recognized recognize_stats(ByteView m, bool reply) {
  if (m.size() < wire::stats_msg::size) return {Request::refused, kBadLen};
  const std::uint16_t type = get<wire::stats_msg::type>(m.data());
  if (type == OFPST_VENDOR) return recognize_vendor_stats(m, reply);
  return reply ? look_up(kStatsReplies, type, m.size(), kBadStat, kBadStat)
               : look_up(kStatsRequests, type, m.size(), kBadStat, kBadStat);
}

// Every flow can be listed: its record of statistics fits into one message, in either form and whatever its match.
Error take_actions(ByteView actions, FlowMod* out) {
  constexpr std::size_t longest =
      0xffff - wire::nx_stats_msg::size - wire::nx_flow_stats::size - wire::nx_flow_stats::longest_match;
  if (actions.size() % 8 != 0) return kBadLen;
  if (actions.size() > longest) return openflow_error(OFPET_BAD_ACTION, OFPBAC_TOO_MANY);
  out->actions = actions;
  return {};
}

void take_command(std::uint16_t command, bool table_id_extension, FlowMod* out) {
  out->command = command;
  if (!table_id_extension) return;
  out->table_id = static_cast<std::uint8_t>(command >> 8);
  out->command &= 0xff;
}

Error decode_nx_flow_mod(ByteView message, bool table_id_extension, FlowMod* out) {
  const std::uint8_t* p = message.data();
  ByteView rest = message.subspan(wire::nx_flow_mod::size);
  if (const Error error = pull_nxm(&rest, get<wire::nx_flow_mod::match_len>(p), &out->match)) return error;
  if (const Error error = take_actions(rest, out)) return error;
  take_command(get<wire::nx_flow_mod::command>(p), table_id_extension, out);
  out->priority = get<wire::nx_flow_mod::priority>(p);
  out->cookie = get<wire::nx_flow_mod::cookie>(p);
  out->idle_timeout = get<wire::nx_flow_mod::idle_timeout>(p);
  out->hard_timeout = get<wire::nx_flow_mod::hard_timeout>(p);
  out->buffer_id = get<wire::nx_flow_mod::buffer_id>(p);
  out->out_port = get<wire::nx_flow_mod::out_port>(p);
  out->flags = get<wire::nx_flow_mod::flags>(p);
  return {};
}

Error decode_nx_flow_stats_request(ByteView message, FlowStatsRequest* out) {
  const std::uint8_t* p = message.data();
  ByteView rest = message.subspan(wire::nx_flow_stats_request::size);
  if (const Error error = pull_nxm(&rest, get<wire::nx_flow_stats_request::match_len>(p), &out->match)) return error;
  if (!rest.empty()) return kBadLen;
  out->table_id = get<wire::nx_flow_stats_request::table_id>(p);
  out->out_port = get<wire::nx_flow_stats_request::out_port>(p);
  return {};
}

}  // namespace

Recognized recognize(ByteView message) {
  const std::uint8_t type = get<wire::header::type>(message.data());
  switch (type) {
    case OFPT_VENDOR:
      return recognize_vendor(message);
    case OFPT_STATS_REQUEST:
      return recognize_stats(message, false);
    case OFPT_STATS_REPLY:
      return recognize_stats(message, true);
    default:
      return look_up(kTypes, type, message.size(), kBadType, kBadType);
  }
}

Error decode_flow_mod(ByteView message, bool table_id_extension, FlowMod* out) {
  const std::uint8_t* p = message.data();
  if (get<wire::header::type>(p) == OFPT_VENDOR) return decode_nx_flow_mod(message, table_id_extension, out);
  if (const Error error = take_actions(message.subspan(wire::flow_mod::size), out)) return error;

  bool exact = false;
  out->match = decode_match(p + wire::flow_mod::match.offset, &exact);
  normalize(out->match);
  out->priority = exact ? 0xffff : get<wire::flow_mod::priority>(p);
  take_command(get<wire::flow_mod::command>(p), table_id_extension, out);
  out->cookie = get<wire::flow_mod::cookie>(p);
  out->idle_timeout = get<wire::flow_mod::idle_timeout>(p);
  out->hard_timeout = get<wire::flow_mod::hard_timeout>(p);
  out->buffer_id = get<wire::flow_mod::buffer_id>(p);
  out->out_port = get<wire::flow_mod::out_port>(p);
  out->flags = get<wire::flow_mod::flags>(p);
  return {};
}

bool is_nicira_stats(ByteView message) { return get<wire::stats_msg::type>(message.data()) == OFPST_VENDOR; }

Error decode_flow_stats_request(ByteView message, FlowStatsRequest* out) {
  if (is_nicira_stats(message)) return decode_nx_flow_stats_request(message, out);
  const std::uint8_t* p = message.data();
  bool exact = false;
  *out = {decode_match(p + wire::flow_stats_request::match.offset, &exact), get<wire::flow_stats_request::table_id>(p),
          get<wire::flow_stats_request::out_port>(p)};
  return {};
}

Error decode_packet_out(ByteView message, PacketOut* out) {
  const std::uint8_t* p = message.data();
  const ByteView rest = message.subspan(wire::packet_out::size);
  const std::size_t actions_len = get<wire::packet_out::actions_len>(p);
  if (actions_len % 8 != 0 || actions_len > rest.size()) return kBadLen;
  out->buffer_id = get<wire::packet_out::buffer_id>(p);
  out->in_port = get<wire::packet_out::in_port>(p);
  out->actions = rest.first(actions_len);
  out->frame = rest.subspan(actions_len);
  return {};
}

bool outputs_to(ByteView actions, std::uint16_t port) {
  if (port == OFPP_NONE) return true;
  while (actions.size() >= 8) {
    const std::uint8_t* a = actions.data();
    const std::size_t len = get<wire::action::len>(a);
    if (len < 8 || len % 8 != 0 || len > actions.size()) return false;
    const std::uint16_t type = get<wire::action::type>(a);
    // Both name their port in the same place.
    static_assert(wire::action::output_port.offset == wire::action::enqueue_port.offset);
    if ((type == OFPAT_OUTPUT || type == OFPAT_ENQUEUE) && get<wire::action::output_port>(a) == port) return true;
    actions = actions.subspan(len);
  }
  return false;
}

}  // namespace oftwin::impl

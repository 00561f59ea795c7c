// Recognition by the tables of spec/message.h, then plain reads. The layouts stand in spec/openflow.h and nicira.h.
#include "impl/decode.h"

#include <span>

#include "impl/nxm.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

// A length is right when it is `size` plus a multiple; multiple 0: exactly `size`.
bool fits(const wire::Form& form, std::size_t length) {
  return form.multiple == 0 ? length == form.size : length >= form.size && (length - form.size) % form.multiple == 0;
}

// `unknown`: what is said to a number that no form has.
Recognized look_up(std::span<const wire::Form> forms, std::uint32_t number, std::size_t length, Error unknown) {
  for (const wire::Form& form : forms) {
    if (form.number == number) return {form.kind, fits(form, length) ? Error{} : kBadLen};
  }
  return {MessageKind::not_for_switch, unknown};
}

Recognized bad(Error error) { return {MessageKind::not_for_switch, error}; }

Recognized recognize_vendor(ByteView m) {
  if (m.size() < wire::vendor_msg::vendor_size) return bad(kBadLen);
  if (get<wire::vendor_msg::vendor>(m.data()) != NX_VENDOR_ID) return bad(kBadVendor);
  if (m.size() < wire::vendor_msg::nicira_size) return bad(kBadLen);
  return look_up(wire::nicira_messages, get<wire::vendor_msg::subtype>(m.data()), m.size(), kBadSubtype);
}

Recognized recognize_stats(std::span<const wire::Form> forms, std::span<const wire::Form> nicira, ByteView m) {
  if (m.size() < wire::stats_msg::size) return bad(kBadLen);
  const std::uint16_t type = get<wire::stats_msg::type>(m.data());
  const Recognized found = look_up(forms, type, m.size(), kBadStat);
  if (type != OFPST_VENDOR || found.error) return found;
  if (get<wire::nx_stats_msg::vendor>(m.data()) != NX_VENDOR_ID) return bad(kBadVendor);
  if (m.size() < wire::nx_stats_msg::size) return bad(kBadLen);
  return look_up(nicira, get<wire::nx_stats_msg::subtype>(m.data()), m.size(), kBadSubtype);
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
      return recognize_stats(wire::stats_requests, wire::nicira_stats_requests, message);
    case OFPT_STATS_REPLY:
      return recognize_stats(wire::stats_replies, wire::nicira_stats_replies, message);
    default:
      return look_up(wire::messages, type, message.size(), kBadType);
  }
}

Error decode_flow_mod(ByteView message, bool table_id_extension, FlowMod* out) {
  const std::uint8_t* p = message.data();
  if (get<wire::header::type>(p) == OFPT_VENDOR) return decode_nx_flow_mod(message, table_id_extension, out);
  if (const Error error = take_actions(message.subspan(wire::flow_mod::size), out)) return error;

  const std::uint8_t* match = p + wire::flow_mod::match.offset;
  out->match = decode_match(match);
  normalize(out->match);
  out->priority = is_exact(match) ? 0xffff : get<wire::flow_mod::priority>(p);
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
  *out = {decode_match(p + wire::flow_stats_request::match.offset), get<wire::flow_stats_request::table_id>(p),
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

// From bytes to requests. Invariant: nothing is read beyond the view.
#include "model/decode.h"

#include <algorithm>
#include <span>

#include "model/match.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "model/wire_match.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr Error bad_request(std::uint16_t code) { return openflow_error(OFPET_BAD_REQUEST, code); }

using Recognised = std::variant<MessageKind, Error>;

bool length_possible(const wire::Form& form, std::size_t length) {
  if (form.multiple == 0) return length == form.size;
  return length >= form.size && (length - form.size) % form.multiple == 0;
}

Recognised look_up(std::span<const wire::Form> forms, std::uint64_t number, std::size_t length, std::uint16_t unknown) {
  const auto form = std::ranges::find(forms, number, &wire::Form::number);
  if (form == forms.end()) return bad_request(unknown);
  if (!length_possible(*form, length)) return bad_request(OFPBRC_BAD_LEN);
  return form->kind;
}

// size: of the part that says which of the vendor's messages it is
Recognised look_up_nicira(std::span<const wire::Form> forms, ByteView message, wire::Field vendor, wire::Field subtype,
                          std::size_t size) {
  if (number(message, vendor.offset, vendor.size) != NX_VENDOR_ID) return bad_request(OFPBRC_BAD_VENDOR);
  if (message.size() < size) return bad_request(OFPBRC_BAD_LEN);
  return look_up(forms, number(message, subtype.offset, subtype.size), message.size(), OFPBRC_BAD_SUBTYPE);
}

Recognised look_up_statistics(std::span<const wire::Form> forms, std::span<const wire::Form> nicira, ByteView message) {
  namespace w = wire::nx_stats_msg;
  const auto type = get<wire::stats_msg::type>(message);
  const Recognised found = look_up(forms, type, message.size(), OFPBRC_BAD_STAT);
  if (type != OFPST_VENDOR || std::holds_alternative<Error>(found)) return found;
  return look_up_nicira(nicira, message, w::vendor, w::subtype, w::size);
}

// Takes a match of `length` bytes and its padding off the front of `rest`.
std::variant<Match, Error> take_nxm(ByteView& rest, std::size_t length, std::uint8_t tos_bits) {
  const std::size_t padded = (length + 7) / 8 * 8;
  if (padded > rest.size()) return bad_request(OFPBRC_BAD_LEN);
  const ByteView entries = rest.first(length);
  rest = rest.subspan(padded);
  return decode_nxm(entries, tos_bits);
}

}  // namespace

Recognised recognise(ByteView message) {
  namespace w = wire::vendor_msg;
  const auto type = get<wire::header::type>(message);
  const Recognised found = look_up(wire::messages, type, message.size(), OFPBRC_BAD_TYPE);
  if (std::holds_alternative<Error>(found)) return found;
  switch (type) {
    case OFPT_VENDOR:
      return look_up_nicira(wire::nicira_messages, message, w::vendor, w::subtype, w::nicira_size);
    case OFPT_STATS_REQUEST:
      return look_up_statistics(wire::stats_requests, wire::nicira_stats_requests, message);
    case OFPT_STATS_REPLY:
      return look_up_statistics(wire::stats_replies, wire::nicira_stats_replies, message);
    default:
      return found;
  }
}

bool extended(ByteView message) {
  if (get<wire::header::type>(message) != OFPT_STATS_REQUEST) return get<wire::header::type>(message) == OFPT_VENDOR;
  return get<wire::stats_msg::type>(message) == OFPST_VENDOR;
}

std::variant<FlowMod, Error> decode_flow_mod(ByteView message, bool with_table_id, std::uint8_t tos_bits) {
  namespace w = wire::nx_flow_mod;
  const bool nx = extended(message);
  // From the cookie to the flags, both forms are the same.
  const std::size_t at = nx ? 0 : wire::flow_mod::cookie.offset - w::cookie.offset;
  FlowMod fm;
  fm.priority = get<w::priority>(message, at);
  ByteView rest = message.subspan(nx ? w::size : wire::flow_mod::size);
  if (nx) {
    const auto match = take_nxm(rest, get<w::match_len>(message), tos_bits);
    if (const auto* error = std::get_if<Error>(&match)) return *error;
    fm.match = std::get<Match>(match);
  } else {
    fm.match = normalized(decode_match(message, wire::flow_mod::match.offset, tos_bits));
    if ((get<wire::match::wildcards>(message, wire::flow_mod::match.offset) & OFPFW_ALL) == 0) fm.priority = 0xffff;
  }
  if (rest.size() % 8 != 0) return bad_request(OFPBRC_BAD_LEN);
  fm.cookie = get<w::cookie>(message, at);
  fm.command = get<w::command>(message, at);
  if (with_table_id) {
    fm.table = static_cast<std::uint8_t>(fm.command >> 8);
    fm.command &= 0xff;
  }
  fm.idle_timeout = get<w::idle_timeout>(message, at);
  fm.hard_timeout = get<w::hard_timeout>(message, at);
  fm.buffer_id = get<w::buffer_id>(message, at);
  fm.out_port = get<w::out_port>(message, at);
  fm.flags = get<w::flags>(message, at);
  fm.actions = copy(rest);
  return fm;
}

std::variant<FlowStatsRequest, Error> decode_flow_stats_request(ByteView message, std::uint8_t tos_bits) {
  if (!extended(message)) {
    namespace w = wire::flow_stats_request;
    return FlowStatsRequest{decode_match(message, w::match.offset, tos_bits), get<w::table_id>(message),
                            get<w::out_port>(message)};
  }
  namespace w = wire::nx_flow_stats_request;
  ByteView rest = message.subspan(w::size);
  const auto match = take_nxm(rest, get<w::match_len>(message), tos_bits);
  if (const auto* error = std::get_if<Error>(&match)) return *error;
  if (!rest.empty()) return bad_request(OFPBRC_BAD_LEN);
  return FlowStatsRequest{std::get<Match>(match), get<w::table_id>(message), get<w::out_port>(message)};
}

std::variant<PacketOut, Error> decode_packet_out(ByteView message) {
  namespace w = wire::packet_out;
  const std::size_t length = get<w::actions_len>(message);
  const ByteView rest = message.subspan(w::size);
  if (length % 8 != 0 || length > rest.size()) return bad_request(OFPBRC_BAD_LEN);
  return PacketOut{get<w::buffer_id>(message), get<w::in_port>(message), copy(rest.first(length)),
                   copy(rest.subspan(length))};
}

bool outputs_to(ByteView actions, std::uint16_t port, bool enqueues) {
  namespace w = wire::action;
  while (actions.size() >= 8) {
    const auto type = get<w::type>(actions);
    const std::size_t length = get<w::len>(actions);
    if (length == 0 || length % 8 != 0 || length > actions.size()) return false;
    const bool to_port =
        type == OFPAT_OUTPUT || (enqueues && type == OFPAT_ENQUEUE);  // which have the port in the same place
    if (to_port && get<w::output_port>(actions) == port) return true;
    actions = actions.subspan(length);
  }
  return false;
}

}  // namespace oftwin::model

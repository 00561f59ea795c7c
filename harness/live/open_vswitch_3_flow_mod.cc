// Flow-mods and statistics about flows, as Open vSwitch 3 takes them: its checks in its order, then what it does
// otherwise than the law with a request that both take.
#include <algorithm>
#include <set>

#include "harness/live/open_vswitch_3_parts.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "model/action.h"
#include "model/decode.h"
#include "model/flow_mod.h"
#include "model/match.h"
#include "spec/nicira.h"

namespace oftwin::harness::live::ovs3 {
namespace {

// The law refuses a flow with more.
constexpr std::size_t kMostActionBytes =
    (0xffff - wire::nx_stats_msg::size - wire::nx_flow_stats::size - wire::nx_flow_stats::longest_match) / 8 * 8;
constexpr std::uint8_t kOwnTable = 254;

// Rules that ask for the multicast bit of the Ethernet destination only, which an OpenFlow 1.0 match cannot say.
bool masks_destination(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [](const model::Rule& r) {
      return r.match.dl_dst.mask != 0 && r.match.dl_dst.mask != 0xffffffffffff;
    });
  });
}

// Fields of an OpenFlow 1.0 match that Open vSwitch 3 knows and 2011 normalizes away.
bool newer_layers(ByteView match) {
  const WireMatch m = decode_match(match);
  if ((m.wildcards & OFPFW_DL_TYPE) != 0) return false;
  const auto bits = [&](unsigned shift) { return m.wildcards >> shift & OFPFW_NW_BITS_MASK; };
  const bool addresses = bits(OFPFW_NW_SRC_SHIFT) < 32 || bits(OFPFW_NW_DST_SHIFT) < 32;
  const bool above = (m.wildcards & (OFPFW_NW_PROTO | OFPFW_NW_TOS)) != (OFPFW_NW_PROTO | OFPFW_NW_TOS);
  if (m.dl_type == 0x86dd) return above;
  if (m.dl_type == 0x8035) return above || addresses;
  const bool sctp = m.dl_type == 0x0800 && (m.wildcards & OFPFW_NW_PROTO) == 0 && m.nw_proto == 132;
  return sctp && (m.wildcards & (OFPFW_TP_SRC | OFPFW_TP_DST)) != (OFPFW_TP_SRC | OFPFW_TP_DST);
}

// The table of the switch's own has rules that nobody may delete; they match nothing but the first register.
Taken take_deletion_from_own_table(const Asked& a, const FlowMod& fm, bool with_table) {
  const auto decoded = model::decode_flow_mod(a.message, with_table, 0xfc);
  const auto* request = std::get_if<model::FlowMod>(&decoded);
  if (!request) return leaves("masks-of-its-own");
  Match left = request->match;
  left.reg[0] = {};
  const bool ethernet = !fm.extended && asks_for_ethernet(fm.match);
  if (request->command == OFPFC_DELETE_STRICT || ethernet || fm.out_port != OFPP_NONE || left != Match{}) {
    return silent("table-of-its-own");
  }
  const auto& reg = request->match.reg[0];
  const bool meets =
      reg.mask == 0 || (reg.value == (1 & reg.mask) || reg.value == (2 & reg.mask) || reg.value == (3 & reg.mask));
  return meets ? refused("table-of-its-own", kEperm) : silent("table-of-its-own");
}

}  // namespace

bool is_nicira(ByteView m, std::uint32_t subtype) {
  if (m[1] != OFPT_VENDOR || m.size() < wire::vendor_msg::nicira_size) return false;
  Reader r(m.subspan(8));
  return r.get<std::uint32_t>() == NX_VENDOR_ID && r.get<std::uint32_t>() == subtype;
}

std::optional<FlowMod> read_flow_mod(ByteView m) {
  FlowMod out;
  if (m[1] == OFPT_FLOW_MOD) {
    if (m.size() < wire::flow_mod::size || m.size() % 8 != 0) return std::nullopt;
    out.match = m.subspan(wire::flow_mod::match.offset, wire::match::size);
    out.cookie_at = wire::flow_mod::cookie.offset;
  } else if (is_nicira(m, NXT_FLOW_MOD)) {
    if (m.size() < wire::nx_flow_mod::size || m.size() % 8 != 0) return std::nullopt;
    out.extended = true;
    out.cookie_at = wire::nx_flow_mod::cookie.offset;
  } else {
    return std::nullopt;
  }
  out.command_at = out.cookie_at + 8;
  out.flags_at = out.cookie_at + 22;
  Reader r(m.subspan(out.cookie_at));
  out.cookie = r.get<std::uint64_t>();
  for (auto* field : {&out.command, &out.idle_timeout, &out.hard_timeout, &out.priority})
    *field = r.get<std::uint16_t>();
  out.buffer_id = r.get<std::uint32_t>();
  out.out_port = r.get<std::uint16_t>();
  out.flags = r.get<std::uint16_t>();
  out.actions = m.subspan(out.extended ? wire::nx_flow_mod::size : wire::flow_mod::size);
  if (out.extended) {
    const std::size_t length = r.get<std::uint16_t>(), padded = (length + 7) / 8 * 8;
    out.match_too_long = padded > out.actions.size();
    if (!out.match_too_long) {
      out.match = out.actions.first(length);
      out.actions = out.actions.subspan(padded);
    }
  }
  return out;
}

std::optional<Taken> take_flow_mod(const Asked& a, const FlowMod& fm) {
  if (a.is_slave()) return std::nullopt;
  const bool with_table = a.connection() && a.connection()->flow_mod_table_id;
  ovs3::Layers layers;
  if (fm.extended) {
    if (fm.match_too_long) return refused("nxm-errors", ovs3::kUnencodable);
    const Check check = ovs3::check_match(fm.match, layers);
    if (check.answer == Answer::refuses) return refused("nxm-errors", check.error);
    if (check.answer == Answer::unknown) return leaves("newer-fields");
  } else {
    layers = ovs3::layers_of(decode_match(fm.match));
  }
  const std::uint16_t command = with_table ? fm.command & 0xff : fm.command;
  const std::uint8_t table = with_table ? static_cast<std::uint8_t>(fm.command >> 8) : OFP_ALL_TABLES;
  if (command > OFPFC_DELETE_STRICT) {
    return refused("command-first", openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_BAD_COMMAND));
  }
  const Check actions = ovs3::check_actions(fm.actions, layers);
  if (actions.answer == Answer::unknown) return leaves("newer-actions");
  if (actions.answer == Answer::refuses && actions.error != ovs3::kMatchInconsistent) {
    return refused("action-errors", actions.error);
  }
  if ((fm.flags & ~(OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP | OFPFF_EMERG)) != 0) {
    return refused("undefined-flags", ovs3::kBadFlags);
  }
  if ((fm.flags & OFPFF_EMERG) != 0) {
    const bool timeout = fm.idle_timeout != 0 || fm.hard_timeout != 0;
    return refused("emergency", openflow_error(OFPET_FLOW_MOD_FAILED,
                                               timeout ? OFPFMFC_BAD_EMERG_TIMEOUT : OFPFMFC_ALL_TABLES_FULL));
  }
  if (actions.answer == Answer::refuses) return refused("action-errors", actions.error);

  if (fm.actions.size() > kMostActionBytes) return leaves("action-limit");
  const bool deletes = command >= OFPFC_DELETE;
  if (deletes) {
    if (table == kOwnTable) return take_deletion_from_own_table(a, fm, with_table);
  } else {
    if (table == kOwnTable) return refused("table-of-its-own", kEperm);
    if (fm.buffer_id != OFP_NO_BUFFER) return refused("no-buffers", kBufferUnknown);
  }
  const auto decoded = model::decode_flow_mod(a.message, with_table, 0xfc);
  if (std::holds_alternative<Error>(decoded)) return leaves("masks-of-its-own");
  if (!fm.extended && newer_layers(fm.match)) return leaves("newer-layers");
  const Match& match = std::get<model::FlowMod>(decoded).match;
  model::Clauses unused;
  if (ovs3::loads_unchecked_bundle(fm.actions)) return leaves("bundle-load-unchecked");
  if (!deletes && model::validate_actions(fm.actions, {match.dl_type.value, match.nw_proto.value}, unused)) {
    return leaves("writable-fields");
  }
  if (deletes && masks_destination(a.state)) return leaves("masked-destination");
  const auto& request = std::get<model::FlowMod>(decoded);
  const bool ethernet = fm.extended ? asks_for_ethernet(fm.match, request.match) : asks_for_ethernet(fm.match);
  return take_accepted(a, fm, request, ethernet);
}

// A request for statistics about flows, of either form.
std::optional<Taken> take_statistics(const Asked& a) {
  if (a.message[1] != OFPT_STATS_REQUEST || a.message.size() < wire::stats_msg::size) return std::nullopt;
  Reader r(a.message.subspan(8));
  const auto type = r.get<std::uint16_t>();
  r.take(2);
  const bool extended = type == OFPST_VENDOR;
  ByteView entries;
  std::uint8_t table = 0;
  if (extended) {
    if (r.get<std::uint32_t>() != NX_VENDOR_ID || r.get<std::uint32_t>() > NXST_AGGREGATE) return std::nullopt;
    if (a.message.size() < wire::nx_flow_stats_request::size || a.message.size() % 8 != 0) return std::nullopt;
    r.take(6);
    const std::size_t length = r.get<std::uint16_t>(), padded = (length + 7) / 8 * 8;
    table = r.get<std::uint8_t>();
    if (padded > a.message.size() - wire::nx_flow_stats_request::size) {
      return refused("nxm-errors", ovs3::kUnencodable);
    }
    ovs3::Layers layers;
    entries = a.message.subspan(wire::nx_flow_stats_request::size, length);
    const Check check = ovs3::check_match(entries, layers);
    if (check.answer == Answer::refuses) return refused("nxm-errors", check.error);
    if (check.answer == Answer::unknown) return leaves("newer-fields");
  } else {
    if (type != OFPST_FLOW && type != OFPST_AGGREGATE) return std::nullopt;
    if (a.message.size() != wire::flow_stats_request::size) return std::nullopt;
    table = a.message[wire::flow_stats_request::table_id.offset];
  }
  if (table == kOwnTable) return Taken{"table-of-its-own", {How::answers, {}, {}, {}, {}, {}}, {}};
  const auto decoded = model::decode_flow_stats_request(a.message, 0xfc);
  if (std::holds_alternative<Error>(decoded)) return leaves("masks-of-its-own");
  const Match& match = std::get<model::FlowStatsRequest>(decoded).match;
  const ByteView wire_match =
      extended ? entries : a.message.subspan(wire::flow_stats_request::match.offset, wire::match::size);
  if (!extended && masks_destination(a.state)) return leaves("masked-destination");
  if (!extended && newer_layers(wire_match)) return leaves("newer-layers");
  const bool ethernet = extended ? asks_for_ethernet(wire_match, match) : asks_for_ethernet(wire_match);
  const std::set<RuleName> spared = ethernet ? without_ethernet(a.state, table, match) : std::set<RuleName>{};
  return spared.empty() ? std::nullopt : std::optional(while_hidden(as("is-ethernet", copied(a.message)), a, spared));
}

}  // namespace oftwin::harness::live::ovs3

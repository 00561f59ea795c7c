// Flow-mods and statistics about flows, as Open vSwitch 3 takes them: its checks in its order, then what it does
// otherwise than the law with a request that both take.
#include <algorithm>
#include <map>
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

// An OpenFlow 1.0 match that asks for more than the port, all of which is then normalized away. Open vSwitch goes on
// asking such a rule's packets to be Ethernet, which nobody can see.
bool ghost(ByteView match) {
  const WireMatch m = decode_match(match);
  constexpr std::uint32_t fields = OFPFW_DL_VLAN | OFPFW_DL_SRC | OFPFW_DL_DST | OFPFW_DL_TYPE | OFPFW_NW_PROTO |
                                   OFPFW_TP_SRC | OFPFW_TP_DST | OFPFW_DL_VLAN_PCP | OFPFW_NW_TOS;
  const auto bits = [&](unsigned shift) { return m.wildcards >> shift & OFPFW_NW_BITS_MASK; };
  const bool asks = (m.wildcards & fields) != fields || bits(OFPFW_NW_SRC_SHIFT) < 32 || bits(OFPFW_NW_DST_SHIFT) < 32;
  if (!asks) return false;
  Match left = model::normalized(model::decode_match(match, 0));
  left.in_port = {};
  return left == Match{};
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

bool same_flow_exists(const Asked& a, const model::FlowMod& fm) {
  const std::uint8_t table = fm.table == OFP_ALL_TABLES ? std::uint8_t{0} : fm.table;
  return table < a.state.tables.size() && model::find_strict(a.state, table, fm.match, fm.priority) != nullptr;
}

// Rules that do not ask their packets to be Ethernet.
bool asks_for_port_only(const model::Rule& rule) {
  Match left = rule.match;
  left.in_port = {};
  left.tun_id = {};
  left.reg = {};
  return left == Match{};
}

// Whether a loose request means a rule that does not ask for Ethernet.
bool spares(const Asked& a, std::uint8_t tables, const Match& match) {
  for (const model::Table& table : a.state.tables) {
    for (const model::Rule& rule : table.rules) {
      if ((tables == OFP_ALL_TABLES || rule.table == tables) && asks_for_port_only(rule) &&
          model::covers(match, rule.match)) {
        return true;
      }
    }
  }
  return false;
}

// All ones as a cookie means that none is given: it is not set, and a modification adds nothing.
std::optional<Taken> take_without_cookie(const Asked& a, const model::FlowMod& fm, bool strict) {
  const model::Choices choices;
  std::map<RuleName, std::uint64_t> cookies;
  bool meets = false;
  for (const model::Table& table : a.state.tables) {
    for (const model::Rule& rule : table.rules) {
      if (fm.table != OFP_ALL_TABLES && rule.table != fm.table) continue;
      cookies[rule.name] = rule.cookie;
      meets = meets ||
              (strict ? rule.match == fm.match && rule.priority == fm.priority : model::covers(fm.match, rule.match));
    }
  }
  if (!meets) return silent("no-cookie");
  Taken out = as("no-cookie", Bytes(a.message.begin(), a.message.end()));
  out.instead.then = [cookies](model::State& state) {
    for (model::Table& table : state.tables) {
      for (model::Rule& rule : table.rules) {
        if (const auto it = cookies.find(rule.name); it != cookies.end()) rule.cookie = it->second;
      }
    }
  };
  return out;
}

// The table of the switch's own has rules that nobody may delete; they match nothing but the first register.
Taken take_deletion_from_own_table(const Asked& a, const FlowMod& fm, bool with_table) {
  const auto decoded = model::decode_flow_mod(a.message, with_table, 0xfc);
  const auto* request = std::get_if<model::FlowMod>(&decoded);
  if (!request) return leaves("masks-of-its-own");
  Match left = request->match;
  left.reg[0] = {};
  const bool ethernet = !fm.extended && ghost(fm.match);
  if (request->command == OFPFC_DELETE_STRICT || ethernet || fm.out_port != OFPP_NONE || left != Match{}) {
    return silent("table-of-its-own");
  }
  const auto& reg = request->match.reg[0];
  const bool meets =
      reg.mask == 0 || (reg.value == (1 & reg.mask) || reg.value == (2 & reg.mask) || reg.value == (3 & reg.mask));
  return meets ? refused("table-of-its-own", kEperm) : silent("table-of-its-own");
}

bool in_two_tables(const Asked& a, const model::FlowMod& fm) {
  std::size_t tables = 0;
  for (std::size_t t = 0; t < a.state.tables.size(); ++t) {
    tables += model::find_strict(a.state, static_cast<std::uint8_t>(t), fm.match, fm.priority) != nullptr;
  }
  return tables > 1;
}

std::optional<Taken> take_ghost(const Asked& a, const model::FlowMod& fm) {
  const bool strict = fm.command == OFPFC_MODIFY_STRICT || fm.command == OFPFC_DELETE_STRICT;
  if (fm.command == OFPFC_DELETE || fm.command == OFPFC_MODIFY) {
    if (spares(a, fm.table, fm.match)) return leaves("is-ethernet");
    if (fm.command == OFPFC_DELETE) return std::nullopt;
    if (fm.cookie == kNoCookie) return take_without_cookie(a, fm, false);
  }
  // Whether there is a rule, marked or not, that it could be confused with.
  for (const model::Table& table : a.state.tables) {
    for (const model::Rule& rule : table.rules) {
      if (fm.table != OFP_ALL_TABLES && rule.table != fm.table) continue;
      Match plain = rule.match;
      if (marked(rule)) plain.nw_tos = {};
      if (plain == fm.match && (!strict || rule.priority == fm.priority)) return leaves("is-ethernet");
      if (fm.command == OFPFC_MODIFY && model::covers(fm.match, rule.match)) return std::nullopt;
    }
  }
  if (fm.command == OFPFC_DELETE_STRICT) return std::nullopt;
  if (fm.command != OFPFC_ADD && fm.cookie == kNoCookie) return silent("no-cookie");
  Taken out = as("is-ethernet", Bytes(a.message.begin(), a.message.end()));
  std::set<RuleName> before;
  for (const model::Table& table : a.state.tables) {
    for (const model::Rule& rule : table.rules) before.insert(rule.name);
  }
  out.instead.then = [before](model::State& state) {
    for (model::Table& table : state.tables) {
      for (model::Rule& rule : table.rules) {
        if (!before.contains(rule.name)) rule.match.nw_tos.mask = kIsEthernet;
      }
    }
  };
  return out;
}

// An extended match that names an Ethernet field, and asks for nothing behind the port.
bool extended_ghost(ByteView entries, const Match& match) {
  Match left = match;
  left.in_port = {};
  left.tun_id = {};
  left.reg = {};
  if (left != Match{}) return false;
  for (std::size_t at = 0; at + 4 <= entries.size(); at += 4u + entries[at + 3]) {
    const std::uint32_t type = (std::uint32_t{entries[at]} << 24 | std::uint32_t{entries[at + 1]} << 16 |
                                std::uint32_t{entries[at + 2]} << 8) >>
                               9;
    if (type == NXM_OF_ETH_DST || type == NXM_OF_ETH_SRC || type == NXM_OF_VLAN_TCI) return true;
  }
  return false;
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
  const auto& request = std::get<model::FlowMod>(decoded);
  const bool strict = command == OFPFC_MODIFY_STRICT || command == OFPFC_DELETE_STRICT;
  if (deletes && masks_destination(a.state)) return leaves("masked-destination");
  const bool modifies = command == OFPFC_MODIFY || command == OFPFC_MODIFY_STRICT;
  if (fm.extended ? extended_ghost(fm.match, request.match) : ghost(fm.match)) { return take_ghost(a, request); }
  if (strict && request.table == OFP_ALL_TABLES && in_two_tables(a, request)) return leaves("strict-in-all-tables");
  if (modifies && fm.cookie == kNoCookie) return take_without_cookie(a, request, strict);
  if (command != OFPFC_ADD || !same_flow_exists(a, request)) return std::nullopt;
  const bool checks = (fm.flags & OFPFF_CHECK_OVERLAP) != 0;
  if (!checks && fm.cookie != kNoCookie) return std::nullopt;
  Taken out = as(checks ? "identical-flow" : "no-cookie", Bytes(a.message.begin(), a.message.end()));
  if (checks) out.instead.message[fm.flags_at + 1] &= static_cast<std::uint8_t>(~OFPFF_CHECK_OVERLAP);
  if (fm.cookie == kNoCookie) {
    const std::uint8_t in = request.table == OFP_ALL_TABLES ? std::uint8_t{0} : request.table;
    const std::uint64_t cookie = model::find_strict(a.state, in, request.match, request.priority)->cookie;
    const Match same = request.match;
    const std::uint32_t priority = request.priority;
    out.instead.then = [=](model::State& state) {
      for (model::Rule& rule : state.tables[in].rules) {
        if (rule.match == same && rule.priority == priority) rule.cookie = cookie;
      }
    };
  }
  return out;
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
  if (table == kOwnTable) return Taken{"table-of-its-own", {How::answers, {}, {}, {}}};
  const auto decoded = model::decode_flow_stats_request(a.message, 0xfc);
  if (std::holds_alternative<Error>(decoded)) return leaves("masks-of-its-own");
  if (extended) {
    const Match& match = std::get<model::FlowStatsRequest>(decoded).match;
    if (extended_ghost(entries, match) && spares(a, table, match)) return leaves("is-ethernet");
    return std::nullopt;
  }
  if (masks_destination(a.state)) return leaves("masked-destination");
  const ByteView wire_match = a.message.subspan(wire::flow_stats_request::match.offset, wire::match::size);
  if (newer_layers(wire_match)) return leaves("newer-layers");
  const auto& request = std::get<model::FlowStatsRequest>(decoded);
  if (ghost(wire_match) && spares(a, table, request.match)) return leaves("is-ethernet");
  return std::nullopt;
}

}  // namespace oftwin::harness::live::ovs3

// The readings of Open vSwitch 3, in the order in which it comes to them: why each is acceptable says the ledger.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "harness/live/open_vswitch_3.h"
#include "harness/live/reading.h"
#include "harness/nxm_syntax.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "model/action.h"
#include "model/decode.h"
#include "model/flow_mod.h"
#include "model/match.h"
#include "model/nxm.h"
#include "model/packet.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

using How = Instead::How;
using ovs3::Answer;
using ovs3::Check;

Taken refused(std::string_view reading, Error error) { return {reading, {How::refused, {}, error}}; }
Taken leaves(std::string_view reading) { return {reading, {How::leaves, {}, {}}}; }
Taken silent(std::string_view reading) { return {reading, {How::silent, {}, {}}}; }
Taken as(std::string_view reading, Bytes message) { return {reading, {How::as, std::move(message), {}}}; }

constexpr Error kEperm = openflow_error(OFPET_BAD_REQUEST, OFPBRC_EPERM);
constexpr Error kBufferUnknown = openflow_error(OFPET_BAD_REQUEST, OFPBRC_BUFFER_UNKNOWN);
// The law refuses a flow with more.
constexpr std::size_t kMostActionBytes =
    (0xffff - wire::nx_stats_msg::size - wire::nx_flow_stats::size - wire::nx_flow_stats::longest_match) / 8 * 8;
constexpr std::size_t kShortest = 14;  // bytes of a frame that has an Ethernet header
constexpr std::uint8_t kOwnTable = 254;
constexpr std::uint64_t kNoCookie = UINT64_MAX;

bool is_nicira(ByteView m, std::uint32_t subtype) {
  if (m[1] != OFPT_VENDOR || m.size() < wire::vendor_msg::nicira_size) return false;
  Reader r(m.subspan(8));
  return r.get<std::uint32_t>() == NX_VENDOR_ID && r.get<std::uint32_t>() == subtype;
}

// A flow-mod in either form, as far as its length allows to read it.
struct FlowMod {
  bool extended = false;
  ByteView match, actions;
  std::uint64_t cookie = 0;
  std::uint16_t command = 0, idle_timeout = 0, hard_timeout = 0, priority = 0, out_port = 0, flags = 0;
  std::uint32_t buffer_id = 0;
  std::size_t cookie_at = 0, command_at = 0, flags_at = 0;
  bool match_too_long = false;

  std::uint8_t order(bool with_table) const { return static_cast<std::uint8_t>(with_table ? command & 0xff : command); }
};

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

// Rules are marked that ask for Ethernet and for nothing else behind the port: by a bit of the type of service that no
// packet has and no request names. Every rule that asks for something else asks for Ethernet, too, and needs no mark.
constexpr std::uint8_t kIsEthernet = 0x01;
bool marked(const model::Rule& rule) { return rule.match.nw_tos.mask == kIsEthernet; }

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

std::optional<Taken> take_flow_mod(const Asked& a, const FlowMod& fm) {
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

bool ipv6_fragment(ByteView frame) {
  std::size_t at = 12;
  if (frame.size() >= 16 && frame[12] == 0x81 && frame[13] == 0) at = 16;
  if (frame.size() < at + 42 || frame[at] != 0x86 || frame[at + 1] != 0xdd) return false;
  return frame[at + 8] == 44 || (frame[at + 8] == 0 && frame[at + 42] == 44);
}

bool resubmits(ByteView list, bool to_in_port) {
  for (std::size_t at = 0; at + 16 <= list.size();) {
    const std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3];
    if (length < 8) return false;
    if (list[at] == 0xff && list[at + 1] == 0xff) {
      const std::uint8_t subtype = list[at + 9];
      const bool in_port = list[at + 10] == 0xff && list[at + 11] == (OFPP_IN_PORT & 0xff);
      if (subtype == NXAST_RESUBMIT && (in_port || !to_in_port)) return true;
      if (subtype == NXAST_RESUBMIT_TABLE && !to_in_port) return true;
    }
    at += length;
  }
  return false;
}
bool resubmits_to_in_port(ByteView list) { return resubmits(list, true); }
bool rules_resubmit_to_in_port(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [](const model::Rule& r) { return resubmits(r.actions, true); });
  });
}

bool any_list(const model::State& state, ByteView list, bool (*test)(ByteView)) {
  if (test(list)) return true;
  return std::any_of(state.tables.begin(), state.tables.end(), [&](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [&](const model::Rule& r) { return test(r.actions); });
  });
}

template <class Test>
bool any_action(ByteView list, Test test) {
  for (std::size_t at = 0; at + 8 <= list.size();) {
    const std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3];
    if (length < 8 || length > list.size() - at) return false;
    if (test(list.subspan(at, length))) return true;
    at += length;
  }
  return false;
}

bool outputs_to(ByteView list, std::uint16_t port) {
  return any_action(list, [&](ByteView a) { return a[0] == 0 && a[1] == OFPAT_OUTPUT && (a[4] << 8 | a[5]) == port; });
}

// A field of the packet, as an action names it, that stands behind the Ethernet header.
bool behind_ethernet(ByteView header) {
  const std::uint32_t type =
      (std::uint32_t{header[0]} << 24 | std::uint32_t{header[1]} << 16 | std::uint32_t{header[2]} << 8 | header[3]) >>
      9;
  constexpr std::array before = {NXM_OF_IN_PORT,  NXM_OF_ETH_DST,  NXM_OF_ETH_SRC,
                                 NXM_OF_ETH_TYPE, NXM_OF_VLAN_TCI, NXM_NX_TUN_ID};
  const bool reg = type >= NXM_NX_REG0 && type < NXM_NX_REG0 + 4;
  return !reg && std::find(before.begin(), before.end(), type) == before.end();
}

// Headers behind Ethernet's may be read or changed.
bool rewrites_headers(ByteView list) {
  return any_action(list, [](ByteView a) {
    if (a[0] == 0 && a[1] >= OFPAT_SET_NW_SRC && a[1] <= OFPAT_SET_TP_DST) return true;
    if (a[0] != 0xff || a[1] != 0xff || a.size() < 24) return false;
    if (a[9] == NXAST_REG_LOAD) return behind_ethernet(a.subspan(12, 4));
    return a[9] == NXAST_REG_MOVE && (behind_ethernet(a.subspan(16, 4)) || behind_ethernet(a.subspan(20, 4)));
  });
}

bool chooses_by_hash(ByteView list) {
  return any_action(list, [](ByteView a) {
    return a[0] == 0xff && a[1] == 0xff && a.size() >= 32 &&
           (a[9] == NXAST_MULTIPATH || ((a[9] == NXAST_BUNDLE || a[9] == NXAST_BUNDLE_LOAD) && a[11] == NX_BD_ALG_HRW));
  });
}

bool any_rule_asks_for_layers(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [](const model::Rule& r) { return r.match.dl_type.mask != 0; });
  });
}

// An IPv4 packet whose lengths or transport header are not what they should be, an ARP packet that is neither request
// nor reply: what such frames have of fields is a matter of how they are read.
bool odd_frame(ByteView frame, const FlowKey& key) {
  const std::size_t at = frame.size() > 16 && frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
  if (key.dl_type == 0x0806)
    return frame.size() < at + 28 || frame[at + 6] != 0 || frame[at + 7] == 0 || frame[at + 7] > 2;
  if (key.dl_type == 0x86dd) {
    return frame.size() < at + 40 || (std::size_t{frame[at + 4]} << 8 | frame[at + 5]) > frame.size() - at - 40 ||
           frame[at + 6] == 44 || frame[at + 6] == 0;
  }
  if (key.dl_type != 0x0800) return false;
  if (frame[12] != 8 && at == 14) return false;  // in a frame of 802.3
  if (frame.size() < at + 20) return true;
  const std::size_t header = 4u * (frame[at] & 15), total = std::size_t{frame[at + 2]} << 8 | frame[at + 3];
  if (frame[at] >> 4 != 4 || header < 20 || total < header || total > frame.size() - at) return true;
  if (key.nw_proto == 6) return total < header + 20;
  return (key.nw_proto == 17 || key.nw_proto == 1) && total < header + 8;
}

// TCP or UDP over IPv4, whole, and as long as its lengths say.
bool plain_transport(ByteView frame, const FlowKey& key) {
  if (key.dl_type != 0x0800 || (key.nw_proto != 6 && key.nw_proto != 17)) return false;
  const std::size_t at = frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
  if (frame.size() < at + 20 || frame[at] >> 4 != 4) return false;
  const std::size_t header = 4u * (frame[at] & 15), total = std::size_t{frame[at + 2]} << 8 | frame[at + 3];
  const std::size_t transport = key.nw_proto == 6 ? 20 : 8;
  if (total < header + transport || total > frame.size() - at) return false;
  if (key.nw_proto == 17) return true;
  const std::size_t offset = 4u * (frame[at + header + 12] >> 4);
  return offset >= 20 && offset <= total - header;
}

// A frame without an Ethernet header is looked up and counted at the rule that it meets, and nothing comes out.
Taken take_short_frame(const Asked& a, ByteView list, std::size_t size, std::uint16_t in_port) {
  const bool only_table =
      list.size() == 8 && list[1] == OFPAT_OUTPUT && list[4] == 0xff && list[5] == (OFPP_TABLE & 0xff);
  if (!only_table) return leaves("short-frame");
  FlowKey key;
  key.in_port = in_port;
  const model::Rule* met = nullptr;
  for (const model::Rule& rule : a.state.tables[0].rules) {
    if (!model::matches(rule.match, key)) continue;
    if (met && rule.priority == met->priority) return leaves("short-frame");
    if (!met || rule.priority > met->priority) met = &rule;
  }
  if (met && (resubmits(met->actions, false) || outputs_to(met->actions, OFPP_TABLE))) return leaves("short-frame");
  Taken out = as("short-frame", Bytes(a.message.begin(), a.message.end()));
  const std::optional<RuleName> name = met ? std::optional(met->name) : std::nullopt;
  out.instead.then = [name, size](model::State& state) {
    model::Table& table = state.tables[0];
    ++table.lookup_count;
    for (model::Rule& rule : table.rules) {
      if (!name || rule.name != *name) continue;
      ++table.matched_count;
      ++rule.packets;
      rule.bytes += size;
    }
  };
  return out;
}

std::optional<Taken> take_packet_out(const Asked& a) {
  model::Clauses unused;
  if (a.message[1] != OFPT_PACKET_OUT || a.message.size() < wire::packet_out::size) return std::nullopt;
  Reader r(a.message.subspan(8));
  const auto buffer_id = r.get<std::uint32_t>();
  const auto in_port = r.get<std::uint16_t>();
  const std::size_t length = r.get<std::uint16_t>();
  if (length % 8 != 0 || length > a.message.size() - wire::packet_out::size) return std::nullopt;
  const ByteView list = a.message.subspan(wire::packet_out::size, length);
  const ByteView frame = a.message.subspan(wire::packet_out::size + length);
  const Check decoded = ovs3::check_actions(list, {});
  const FlowKey key = model::extract(frame, in_port);
  ovs3::Layers layers{key.dl_type, key.nw_proto, key.tp_src, false};
  const Check check = ovs3::check_actions(list, layers);
  if (decoded.answer == Answer::unknown || check.answer == Answer::unknown) return leaves("newer-actions");
  const bool fragment = model::parse(frame, in_port, unused).ipv4_fragment || ipv6_fragment(frame);
  const bool fits = decoded.answer == Answer::takes || decoded.error == ovs3::kMatchInconsistent;
  const bool reserved =
      in_port >= OFPP_MAX && in_port != OFPP_LOCAL && in_port != OFPP_NONE && in_port != OFPP_CONTROLLER;
  if (!fits) return refused("action-errors", decoded.error);
  if (reserved) return std::nullopt;
  if (buffer_id != OFP_NO_BUFFER) return refused("no-buffers", kBufferUnknown);
  if (check.answer == Answer::refuses) return refused("action-errors", check.error);
  if (ovs3::loads_unchecked_bundle(list)) return leaves("bundle-load-unchecked");
  if (model::validate_actions(list, {key.dl_type, key.nw_proto}, unused)) return leaves("writable-fields");
  if (frame.size() < kShortest && !list.empty()) return take_short_frame(a, list, frame.size(), in_port);
  if (fragment && a.state.provider.drop_fragments) return leaves("fragments-by-anyone");
  constexpr std::uint32_t unheeded = OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_PACKET_IN;
  for (const model::Port& port : a.state.ports) {
    if ((port.config.config & unheeded) != 0) return leaves("port-config-of-packet-outs");
  }
  if (any_list(a.state, list, [](ByteView l) { return outputs_to(l, OFPP_NORMAL); })) return leaves("normal-learns");
  if (any_list(a.state, list, chooses_by_hash)) return leaves("hashes");
  if (odd_frame(frame, key) && any_rule_asks_for_layers(a.state)) return leaves("odd-frames");
  const bool plain = !fragment && plain_transport(frame, key);
  if (!plain && any_list(a.state, list, rewrites_headers)) return leaves("rewrites");
  if (resubmits_to_in_port(list) || rules_resubmit_to_in_port(a.state)) return leaves("resubmit-in-port");
  return std::nullopt;
}

// The bit against the spanning tree can be set, too.
std::optional<Taken> take_port_mod(const Asked& a) {
  namespace w = wire::port_mod;
  if (a.message[1] != OFPT_PORT_MOD || a.message.size() != w::size) return std::nullopt;
  Reader r(a.message.subspan(w::port_no.offset));
  const auto number = r.get<std::uint16_t>();
  const Mac address = r.array<6>();
  const auto config = r.get<std::uint32_t>(), mask = r.get<std::uint32_t>();
  for (const model::Port& port : a.state.ports) {
    if (port.config.number != number || port.config.hw_addr != address) continue;
    if (((port.config.config ^ config) & mask & OFPPC_NO_STP) == 0) return std::nullopt;
    Taken out = as("no-stp", Bytes(a.message.begin(), a.message.end()));
    out.instead.then = [number](model::State& state) {
      for (model::Port& p : state.ports) {
        if (p.config.number == number) p.config.config ^= OFPPC_NO_STP;
      }
    };
    return out;
  }
  return std::nullopt;
}

// Any connection that is no slave sets the handling of fragments.
std::optional<Taken> take_set_config(const Asked& a) {
  if (a.message[1] != OFPT_SET_CONFIG || a.message.size() != wire::switch_config::size) return std::nullopt;
  if (a.conn.kind == ConnKind::primary) return std::nullopt;
  const unsigned fragments = a.message[9] & OFPC_FRAG_MASK;
  if (fragments == OFPC_FRAG_MASK) return leaves("fragments-by-anyone");
  if (fragments > OFPC_FRAG_DROP || a.state.provider.drop_fragments == (fragments == OFPC_FRAG_DROP))
    return std::nullopt;
  Taken out = as("fragments-by-anyone", Bytes(a.message.begin(), a.message.end()));
  out.instead.then = [=](model::State& state) { state.provider.drop_fragments = fragments == OFPC_FRAG_DROP; };
  return out;
}

bool deadly(ByteView message) {
  if (const auto fm = read_flow_mod(message)) return ovs3::loads_unchecked_bundle(fm->actions);
  if (message[1] != OFPT_PACKET_OUT || message.size() < wire::packet_out::size) return false;
  const std::size_t length = std::size_t{message[14]} << 8 | message[15];
  return ovs3::loads_unchecked_bundle(
      message.subspan(wire::packet_out::size, std::min(length, message.size() - wire::packet_out::size)));
}

std::optional<Taken> afterwards(const Asked&, const std::bitset<kMaxClauses>& hit) {
  if (hit[clause("DP-16")] || hit[clause("DP-17")]) return leaves("resubmit-depth");
  return std::nullopt;
}

// Service connections may have roles, too.
std::optional<Taken> take_role(const Asked& a) {
  if (!is_nicira(a.message, NXT_ROLE_REQUEST) || a.message.size() != wire::nx_role::size) return std::nullopt;
  if (a.conn.kind == ConnKind::primary) return std::nullopt;
  Reader r(a.message.subspan(wire::nx_role::role.offset));
  const auto role = r.get<std::uint32_t>();
  if (role > NX_ROLE_SLAVE) return refused("roles-for-anyone", nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_ROLE));
  if (role == NX_ROLE_SLAVE) return leaves("roles-for-anyone");
  Bytes reply(a.message.begin(), a.message.end());
  reply[wire::vendor_msg::subtype.offset + 3] = NXT_ROLE_REPLY;
  return Taken{"roles-for-anyone", {How::replies, std::move(reply), {}, {}}};
}

// Messages that only a switch sends: how long they may be.
struct Sizes {
  std::size_t least, step;
};
std::optional<Sizes> sizes_of_reply(std::uint8_t type) {
  switch (type) {
    case OFPT_FEATURES_REPLY:
      return Sizes{wire::switch_features::size, wire::phy_port::size};
    case OFPT_GET_CONFIG_REPLY:
      return Sizes{wire::switch_config::size, 0};
    case OFPT_PACKET_IN:
      return Sizes{wire::packet_in::size, 1};
    case OFPT_FLOW_REMOVED:
      return Sizes{wire::flow_removed::size, 0};
    case OFPT_PORT_STATUS:
      return Sizes{wire::port_status::size, 0};
    case OFPT_BARRIER_REPLY:
      return Sizes{wire::header::size, 0};
    default:
      return std::nullopt;
  }
}

// Messages that came after 2011, and one of 2011 that is looked at more closely.
std::optional<Taken> take_message(const Asked& a) {
  const ByteView m = a.message;
  if (m[1] == OFPT_ERROR) {
    return refused(
        "answers-errors",
        openflow_error(OFPET_BAD_REQUEST, m.size() < wire::error_msg::size ? OFPBRC_BAD_LEN : OFPBRC_BAD_TYPE));
  }
  if (m[1] == OFPT_STATS_REPLY || m[1] > OFPT_BARRIER_REPLY)
    return Taken{"not-for-a-switch", {How::answers, {}, {}, {}}};
  if (const auto sizes = sizes_of_reply(m[1])) {
    const bool right = m.size() == sizes->least ||
                       (sizes->step > 0 && m.size() > sizes->least && (m.size() - sizes->least) % sizes->step == 0);
    if (!right) return refused("not-for-a-switch", openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN));
  }
  if (m[1] == OFPT_SET_CONFIG && m.size() == wire::switch_config::size && (m[8] != 0 || m[9] > 3)) {
    if (m[8] != 0 || m[9] > 7) return refused("config-flags", ovs3::kUnencodable);
    return leaves("config-flags");
  }
  Reader r(m.subspan(8));
  if (m[1] == OFPT_VENDOR && m.size() >= wire::vendor_msg::nicira_size) {
    const bool ours = r.get<std::uint32_t>() == NX_VENDOR_ID;
    const auto subtype = r.get<std::uint32_t>();
    if (ours && (subtype > NXT_FLOW_MOD_TABLE_ID || subtype < NXT_ROLE_REQUEST)) return leaves("newer-messages");
  }
  if (m[1] == OFPT_STATS_REQUEST && m.size() >= wire::nx_stats_msg::size - 4 && m[8] == 0xff && m[9] == 0xff) {
    r.take(4);
    const bool ours = r.get<std::uint32_t>() == NX_VENDOR_ID;
    if (ours && r.get<std::uint32_t>() > NXST_AGGREGATE) return Taken{"newer-messages", {How::answers, {}, {}, {}}};
  }
  return std::nullopt;
}

std::optional<Taken> take(const Asked& a) {
  if (auto taken = take_message(a)) return taken;
  if (auto taken = take_role(a)) return taken;
  if (const auto fm = read_flow_mod(a.message)) return take_flow_mod(a, *fm);
  if (auto taken = take_statistics(a)) return taken;
  if (auto taken = take_packet_out(a)) return taken;
  if (auto taken = take_port_mod(a)) return taken;
  return take_set_config(a);
}

// Every port has a queue 0, of which nothing is counted.
void amend_queues(const Asked& a, Records& records, const Used& used) {
  if (a.message.size() != wire::queue_stats_request::size || a.message[1] != OFPT_STATS_REQUEST) return;
  Reader r(a.message.subspan(8));
  if (r.get<std::uint16_t>() != OFPST_QUEUE) return;
  r.take(2);
  const auto number = r.get<std::uint16_t>();
  r.take(2);
  const auto queue = r.get<std::uint32_t>();
  const bool every = number == OFPP_ALL || number == OFPP_NONE;
  if (queue != 0 && queue != OFPQ_ALL) {
    if (number != OFPP_NONE || records.empty() || records[0].kind != "error") return;
    records[0].fields[0].value = print_error(openflow_error(OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_QUEUE));
    return used("default-queue");
  }
  Records all;
  for (const model::Port& port : a.state.ports) {
    if (!every && number != port.config.number) continue;
    const std::string unknown = std::to_string(UINT64_MAX);
    all.push_back({"queue",
                   {{"port", std::to_string(port.config.number)},
                    {"queue", "0"},
                    {"tx_bytes", unknown},
                    {"tx_packets", unknown},
                    {"tx_errors", unknown}},
                   std::nullopt});
  }
  if (all.empty()) return;
  records = std::move(all);
  used("default-queue");
}

// The order in which it lists the entries of an extended match: the Ethernet source before the destination, the type of
// service behind the addresses.
bool reorder(std::string& match) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < match.size();) {
    const std::size_t end = std::min(match.find(' ', at), match.size());
    words.push_back(match.substr(at, end - at));
    at = end + 1;
  }
  const auto rank = [](const std::string& word) {
    constexpr std::array<std::string_view, 15> order = {
        "in_port",  "dl_src", "dl_dst",   "dl_type",     "vlan_tci",    "nw_src",    "nw_dst", "ipv6_src",
        "ipv6_dst", "nw_tos", "nw_proto", "icmpv6_type", "icmpv6_code", "nd_target", ""};
    const std::string_view key = std::string_view(word).substr(0, word.find('='));
    return std::find(order.begin(), order.end() - 1, key) - order.begin();
  };
  // What has the same rank stays in its order. (clang rejects libstdc++'s stable_sort.)
  const auto before = [&](const std::string& x, const std::string& y) { return rank(x) < rank(y); };
  for (auto next = words.begin(); next != words.end(); ++next) {
    std::rotate(std::upper_bound(words.begin(), next, *next, before), next, next + 1);
  }
  std::string out = fmt::format("{}", fmt::join(words, " "));
  if (out == match) return false;
  match = std::move(out);
  return true;
}

// Zeros where an action has padding.
void clear_padding(Bytes& list) {
  struct Gap {
    std::size_t at, size;
  };
  for (std::size_t at = 0; at + 8 <= list.size();) {
    const std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3],
                      type = std::size_t{list[at]} << 8 | list[at + 1];
    if (length < 8 || length > list.size() - at) return;
    std::vector<Gap> gaps;
    if (type != OFPAT_VENDOR) {
      constexpr std::array<Gap, 12> of = {
          {{8, 0}, {6, 2}, {5, 3}, {4, 4}, {10, 6}, {10, 6}, {8, 0}, {8, 0}, {5, 3}, {6, 2}, {6, 2}, {6, 6}}};
      if (type < of.size()) gaps.push_back(of[type]);
    } else {
      const std::size_t subtype = std::size_t{list[at + 8]} << 8 | list[at + 9];
      if (subtype == NXAST_RESUBMIT) gaps = {{12, 4}};
      if (subtype == NXAST_SET_TUNNEL || subtype == NXAST_SET_QUEUE) gaps = {{10, 2}};
      if (subtype == NXAST_POP_QUEUE || subtype == NXAST_SET_TUNNEL64) gaps = {{10, 6}};
      if (subtype == NXAST_MULTIPATH) gaps = {{14, 2}, {24, 2}};
      if (subtype == NXAST_BUNDLE || subtype == NXAST_BUNDLE_LOAD) {
        const std::size_t used = 32 + 2 * (std::size_t{list[at + 20]} << 8 | list[at + 21]);
        if (used < length) gaps = {{used, length - used}};
      }
    }
    for (const Gap& gap : gaps) {
      std::fill_n(list.begin() + static_cast<std::ptrdiff_t>(at + gap.at), gap.size, std::uint8_t{0});
    }
    at += length;
  }
}

// An extended listing shows what an OpenFlow 1.0 match cannot: that a rule asks for Ethernet and nothing else.
void show_ethernet(const model::State& state, Records& records, const Used& used) {
  std::vector<bool> shown(records.size());
  const auto field = [](ReplyRecord& r, std::string_view name) -> std::string& {
    return std::find_if(r.fields.begin(), r.fields.end(), [&](const ReplyField& f) { return f.name == name; })->value;
  };
  const auto show = [&](const model::Rule& rule) {
    Match plain = rule.match;
    plain.nw_tos = {};
    const Bytes entries = model::encode_nxm(plain);
    for (std::size_t i = 0; i < records.size(); ++i) {
      ReplyRecord& r = records[i];
      if (shown[i] || r.kind != "nx_flow" || field(r, "table") != std::to_string(rule.table)) continue;
      if (field(r, "priority") != std::to_string(rule.priority) || field(r, "match") != print_nxm(entries)) continue;
      if (field(r, "cookie") != fmt::format("{:#x}", rule.cookie) || field(r, "actions") != print_hex(rule.actions))
        continue;
      field(r, "match") = "nxm=8000580400000000" + print_hex(entries);
      shown[i] = true;
      return used("is-ethernet");
    }
  };
  for (const model::Table& table : state.tables) {
    for (const model::Rule& rule : table.rules) {
      if (marked(rule) && rule.match.reg == Match{}.reg && rule.match.tun_id == Match{}.tun_id) show(rule);
    }
  }
}

void amend(const Asked& a, Records& records, const InForce& in_force, const Used& used) {
  if (in_force("default-queue")) amend_queues(a, records, used);
  if (in_force("is-ethernet")) show_ethernet(a.state, records, used);
  for (ReplyRecord& r : records) {
    if (r.kind == "error" && a.message.size() > OFP_ERROR_REQUEST_BYTES && in_force("whole-request")) {
      // As much of it as the error message can hold.
      const bool nicira = r.fields[0].value.starts_with("NX:");
      const std::size_t room = 0xffff - (nicira ? wire::nx_vendor_error::size : wire::error_msg::size);
      r.fields.back().value = print_hex(a.message.first(std::min(room, a.message.size())));
      used("whole-request");
    }
    if ((r.kind == "flow" || r.kind == "nx_flow") && in_force("padding-of-actions")) {
      std::string& text = r.fields.back().value;
      Bytes list = parse_hex(text).value_or(Bytes{});
      clear_padding(list);
      if (std::string cleared = print_hex(list); cleared != text) {
        text = std::move(cleared);
        used("padding-of-actions");
      }
    }
    if (r.kind == "port_stats" && in_force("unsupported-counters")) {
      for (ReplyField& f : r.fields) {
        constexpr std::array<std::string_view, 8> names = {"rx_dropped",   "tx_dropped",  "rx_errors",  "tx_errors",
                                                           "rx_frame_err", "rx_over_err", "rx_crc_err", "collisions"};
        if (std::find(names.begin(), names.end(), f.name) != names.end()) f.value = std::to_string(UINT64_MAX);
      }
      used("unsupported-counters");
    }
    if ((r.kind == "nx_flow" || r.kind == "nx_flow_removed") && in_force("order-of-entries")) {
      for (ReplyField& f : r.fields) {
        if (f.name == "match" && reorder(f.value)) used("order-of-entries");
      }
    }
    // The mark of a rule that asks for Ethernet (see take_ghost) is not to be seen.
    if (r.kind == "flow" || r.kind == "flow_removed") {
      ReplyField& w =
          *std::find_if(r.fields.begin(), r.fields.end(), [](const ReplyField& f) { return f.name == "wildcards"; });
      const auto bits = parse_as<std::uint32_t>(w.value).value_or(0);
      if ((bits & OFPFW_DL_TYPE) != 0) w.value = fmt::format("{:#x}", bits | OFPFW_NW_TOS);
    }
  }
}

constexpr std::array<std::string_view, 40> kReadings = {"nxm-errors",
                                                        "newer-fields",
                                                        "command-first",
                                                        "newer-actions",
                                                        "action-errors",
                                                        "undefined-flags",
                                                        "emergency",
                                                        "table-of-its-own",
                                                        "no-buffers",
                                                        "masks-of-its-own",
                                                        "newer-layers",
                                                        "is-ethernet",
                                                        "no-cookie",
                                                        "identical-flow",
                                                        "whole-request",
                                                        "default-queue",
                                                        "order-of-entries",
                                                        "fragments-by-anyone",
                                                        "resubmit-depth",
                                                        "whole-packets",
                                                        "action-limit",
                                                        "padding-of-actions",
                                                        "unsupported-counters",
                                                        "writable-fields",
                                                        "short-frame",
                                                        "no-stp",
                                                        "resubmit-in-port",
                                                        "strict-in-all-tables",
                                                        "bundle-load-unchecked",
                                                        "port-config-of-packet-outs",
                                                        "normal-learns",
                                                        "rewrites",
                                                        "roles-for-anyone",
                                                        "answers-errors",
                                                        "newer-messages",
                                                        "not-for-a-switch",
                                                        "config-flags",
                                                        "hashes",
                                                        "odd-frames",
                                                        "masked-destination"};

}  // namespace

const Dialect open_vswitch_3 = {"open-vswitch-3",        kReadings, take, amend, afterwards, "whole-packets",
                                "bundle-load-unchecked", deadly};

}  // namespace oftwin::harness::live

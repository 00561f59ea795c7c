// Rules that ask for Ethernet and for nothing else behind the port, beside those that do not even ask for that: to the
// model they are the same match, to Open vSwitch 3 they are two. They are told apart by a mark
// (open_vswitch_3_parts.h), and the model handles a request while the rules that it cannot tell apart are out of its
// way.
#include <algorithm>
#include <vector>

#include "harness/live/open_vswitch_3_parts.h"
#include "harness/request.h"
#include "model/match.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/nxm.h"

namespace oftwin::harness::live::ovs3 {
namespace {

bool port_only(Match match) {
  match.in_port = {};
  match.tun_id = {};
  match.reg = {};
  return match == Match{};
}
Match plain(const model::Rule& rule) {
  Match out = rule.match;
  if (marked(rule)) out.nw_tos = {};
  return out;
}
bool asks_for_port_only(const model::Rule& rule) { return port_only(rule.match); }

}  // namespace

bool asks_for_ethernet(ByteView match) {
  const WireMatch m = decode_match(match);
  constexpr std::uint32_t fields = OFPFW_DL_VLAN | OFPFW_DL_SRC | OFPFW_DL_DST | OFPFW_DL_TYPE | OFPFW_NW_PROTO |
                                   OFPFW_TP_SRC | OFPFW_TP_DST | OFPFW_DL_VLAN_PCP | OFPFW_NW_TOS;
  const auto bits = [&](unsigned shift) { return m.wildcards >> shift & OFPFW_NW_BITS_MASK; };
  const bool asks = (m.wildcards & fields) != fields || bits(OFPFW_NW_SRC_SHIFT) < 32 || bits(OFPFW_NW_DST_SHIFT) < 32;
  return asks && port_only(model::normalized(model::decode_match(match, 0)));
}

bool asks_for_ethernet(ByteView entries, const Match& match) {
  if (!port_only(match)) return false;
  for (std::size_t at = 0; at + 4 <= entries.size(); at += 4u + entries[at + 3]) {
    const std::uint32_t type = (std::uint32_t{entries[at]} << 24 | std::uint32_t{entries[at + 1]} << 16 |
                                std::uint32_t{entries[at + 2]} << 8) >>
                               9;
    if (type == NXM_OF_ETH_DST || type == NXM_OF_ETH_SRC || type == NXM_OF_VLAN_TCI) return true;
  }
  return false;
}

bool meets_loosely(const Match& request, bool ethernet, const model::Rule& rule) {
  return model::covers(request, rule.match) && !(ethernet && asks_for_port_only(rule));
}
bool is_same(const Match& request, bool ethernet, const model::Rule& rule) {
  return plain(rule) == request && marked(rule) == ethernet;
}

std::set<RuleName> without_ethernet(const model::State& state, std::uint8_t table, const Match& match) {
  std::set<RuleName> out;
  for (const model::Table& t : state.tables) {
    for (const model::Rule& rule : t.rules) {
      const bool there = table == OFP_ALL_TABLES || rule.table == table;
      if (there && asks_for_port_only(rule) && model::covers(match, rule.match)) out.insert(rule.name);
    }
  }
  return out;
}

Taken while_hidden(Taken taken, const Asked& asked, const std::set<RuleName>& names) {
  struct Hidden {
    std::size_t at;
    model::Rule rule;
  };
  std::vector<Hidden> hidden;
  for (const model::Table& table : asked.state.tables) {
    for (std::size_t i = 0; i < table.rules.size(); ++i) {
      if (names.contains(table.rules[i].name)) hidden.push_back({i, table.rules[i]});
    }
  }
  taken.instead.first = [names](model::State& state) {
    for (model::Table& table : state.tables) {
      std::erase_if(table.rules, [&](const model::Rule& rule) { return names.contains(rule.name); });
    }
  };
  taken.instead.then = [hidden, then = taken.instead.then](model::State& state, Memory& memory) {
    for (const Hidden& h : hidden) {
      auto& rules = state.tables[h.rule.table].rules;
      rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(std::min(h.at, rules.size())), h.rule);
    }
    if (then) then(state, memory);
  };
  return taken;
}

Taken while_turned(Taken taken) {
  const auto turn = [](model::State& state) {
    for (model::Table& table : state.tables) {
      for (model::Rule& rule : table.rules) {
        if (marked(rule) || asks_for_port_only(rule)) rule.match.nw_tos.mask ^= kIsEthernet;
      }
    }
  };
  taken.instead.first = turn;
  taken.instead.then = [turn, then = taken.instead.then](model::State& state, Memory& memory) {
    turn(state);
    if (then) then(state, memory);
  };
  return taken;
}

bool shows_ethernet(const model::Rule& rule) {
  return marked(rule) && rule.match.reg == Match{}.reg && rule.match.tun_id == Match{}.tun_id;
}

Bytes entries_of(const model::Rule& rule) { return model::encode_nxm(plain(rule)); }

bool tell_removal(const model::Rule& rule, Bytes& message) {
  namespace w = wire::nx_flow_removed;
  if (!is_nicira(message, NXT_FLOW_REMOVED) || !shows_ethernet(rule)) return false;
  const Bytes entries = entries_of(rule);
  const std::size_t length = model::get<w::match_len>(message);
  const bool same =
      model::get<w::cookie>(message) == rule.cookie && model::get<w::priority>(message) == rule.priority &&
      model::get<w::packet_count>(message) == rule.packets && model::get<w::byte_count>(message) == rule.bytes &&
      length == entries.size() && std::equal(entries.begin(), entries.end(), message.begin() + w::size);
  if (!same) return false;
  message.insert(message.begin() + w::size, kEthernetEntry.begin(), kEthernetEntry.end());
  model::put(message, w::match_len, length + kEthernetEntry.size());
  model::put(message, wire::header::length, message.size());
  return true;
}

}  // namespace oftwin::harness::live::ovs3

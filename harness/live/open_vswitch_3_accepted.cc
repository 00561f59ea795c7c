// What Open vSwitch 3 does otherwise than the law with a flow-mod that both take.
#include <algorithm>
#include <map>
#include <set>

#include "harness/live/open_vswitch_3_parts.h"
#include "model/turn.h"

namespace oftwin::harness::live::ovs3 {
namespace {

// The rules that the request is about, as Open vSwitch sees it.
std::vector<const model::Rule*> rules_met(const Asked& a, const model::FlowMod& fm, bool ethernet) {
  const bool loose = fm.command == OFPFC_MODIFY || fm.command == OFPFC_DELETE;
  const bool first_table = fm.command == OFPFC_ADD && fm.table == OFP_ALL_TABLES;
  const std::uint8_t table = first_table ? std::uint8_t{0} : fm.table;
  std::vector<const model::Rule*> out;
  for (const model::Table& t : a.state.tables) {
    for (const model::Rule& rule : t.rules) {
      if (table != OFP_ALL_TABLES && rule.table != table) continue;
      const bool met = loose ? meets_loosely(fm.match, ethernet, rule)
                             : rule.priority == fm.priority && is_same(fm.match, ethernet, rule);
      if (met) out.push_back(&rule);
    }
  }
  return out;
}

// A strict request acts on its flow in each of these tables; the law does nothing then.
Taken in_all_tables(const Asked& a, const FlowMod& message, const std::set<std::uint8_t>& tables, bool ethernet) {
  Taken out{"strict-in-all-tables", {How::does, {}, {}, {}, {}, {}}, {}};
  const auto turned = ethernet ? while_turned({}) : Taken{};
  out.instead.does = [=, conn = a.conn, bytes = copied(a.message), command_at = message.command_at](
                         model::State& state, Memory& memory, model::Outcome& outcome) {
    if (ethernet) turned.instead.first(state);
    model::Connection* c = model::find(state.connections, conn, &model::Connection::name);
    const bool with_table = c->flow_mod_table_id;
    c->flow_mod_table_id = true;
    for (const std::uint8_t table : tables) {
      Bytes one = bytes;
      one[command_at] = table;
      model::step(state, {0, event::Recv{conn, one}}, {}, outcome);
      model::step(state, {0, event::Loop{0}}, {}, outcome);
    }
    model::find(state.connections, conn, &model::Connection::name)->flow_mod_table_id = with_table;
    if (ethernet) turned.instead.then(state, memory);
  };
  return out;
}

using Cookies = std::map<RuleName, std::uint64_t>;

std::function<void(model::State&, Memory&)> restoring(Cookies cookies) {
  return [cookies = std::move(cookies)](model::State& state, Memory&) {
    for (model::Table& table : state.tables) {
      for (model::Rule& rule : table.rules) {
        if (const auto it = cookies.find(rule.name); it != cookies.end()) rule.cookie = it->second;
      }
    }
  };
}

}  // namespace

std::optional<Taken> take_accepted(const Asked& a, const FlowMod& message, const model::FlowMod& fm, bool ethernet) {
  const bool modifies = fm.command == OFPFC_MODIFY || fm.command == OFPFC_MODIFY_STRICT;
  const bool strict = fm.command == OFPFC_MODIFY_STRICT || fm.command == OFPFC_DELETE_STRICT;
  const std::vector<const model::Rule*> met = rules_met(a, fm, ethernet);
  const bool no_cookie = message.cookie == kNoCookie;
  if (modifies && no_cookie && met.empty()) return silent("no-cookie");

  std::vector<std::string_view> readings;
  Taken out = as("", copied(a.message));
  if (no_cookie && (modifies || (fm.command == OFPFC_ADD && !met.empty()))) readings.emplace_back("no-cookie");
  if (no_cookie && modifies) {
    Cookies cookies;
    for (const model::Rule* rule : met) cookies[rule->name] = rule->cookie;
    out.instead.then = restoring(std::move(cookies));
  }
  if (no_cookie && fm.command == OFPFC_ADD && !met.empty()) {
    const std::uint8_t table = met[0]->table;
    out.instead.then = [=, match = fm.match, priority = fm.priority, cookie = met[0]->cookie](model::State& state,
                                                                                              Memory&) {
      for (model::Rule& rule : state.tables[table].rules) {
        if (rule.priority == priority && is_same(match, ethernet, rule)) rule.cookie = cookie;
      }
    };
  }
  if (fm.command == OFPFC_ADD && (message.flags & OFPFF_CHECK_OVERLAP) != 0 && !met.empty()) {
    readings.emplace_back("identical-flow");
    out.instead.message[message.flags_at + 1] &= static_cast<std::uint8_t>(~OFPFF_CHECK_OVERLAP);
  }
  if (strict && fm.table == OFP_ALL_TABLES) {
    std::set<std::uint8_t> tables;
    for (const model::Rule* rule : met) tables.insert(rule->table);
    if (tables.size() > 1) {
      Taken all = in_all_tables(a, message, tables, ethernet);
      all.also = readings;
      if (out.instead.then) {
        all.instead.does = [then = out.instead.then, does = all.instead.does](model::State& state, Memory& memory,
                                                                              model::Outcome& outcome) {
          does(state, memory, outcome);
          then(state, memory);
        };
      }
      return all;
    }
  }
  if (ethernet) {
    const std::set<RuleName> spared = without_ethernet(a.state, fm.table, fm.match);
    const bool adds = fm.command == OFPFC_ADD || (modifies && met.empty());
    if (modifies && met.empty()) out.instead.message[message.command_at + 1] = OFPFC_ADD;
    if (adds || strict) {
      out = while_turned(std::move(out));
      if (adds || !met.empty() || !spared.empty()) readings.insert(readings.begin(), "is-ethernet");
    } else if (!spared.empty()) {
      out = while_hidden(std::move(out), a, spared);
      readings.insert(readings.begin(), "is-ethernet");
    }
  }
  if (readings.empty()) return std::nullopt;
  out.reading = readings[0];
  out.also.assign(readings.begin() + 1, readings.end());
  return out;
}

}  // namespace oftwin::harness::live::ovs3

// The five flow-mod commands, and what concerns all flows. Invariant: a request that is postponed has changed nothing.
#include "model/flow_mod.h"

#include <algorithm>
#include <utility>

#include "model/action_reading.h"
#include "model/async.h"
#include "model/buffer.h"
#include "model/dispatch.h"
#include "model/match.h"
#include "model/nxm.h"
#include "model/provider.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::uint16_t kNoMemory = 12;  // ENOMEM
constexpr Error flow_mod_failed(std::uint16_t code) { return openflow_error(OFPET_FLOW_MOD_FAILED, code); }
constexpr Error kBadTable = nicira_error(OFPET_FLOW_MOD_FAILED, NXFMFC_BAD_TABLE_ID);
// With more, a flow's extended statistics record might not fit into a message.
constexpr std::size_t kMostActionBytes =
    (0xffff - wire::nx_stats_msg::size - wire::nx_flow_stats::size - wire::nx_flow_stats::longest_match) / 8 * 8;

bool hidden(const Rule& rule) { return rule.priority > 0xffff; }

bool same_flow(const Rule& rule, const Match& match, std::uint32_t priority) {
  return rule.priority == priority && rule.match == match;
}

// A request's rules, in the model's own order; while they are used, no table changes.
using Rules = std::vector<const Rule*>;

// Every rule of these tables for which `wanted` is true.
template <class Wanted>
Rules rules_of(const State& state, std::uint8_t tables, Wanted wanted) {
  Rules rules;
  for (std::size_t t = 0; t < state.tables.size(); ++t) {
    if (tables != OFP_ALL_TABLES && tables != t) continue;
    for (const Rule& rule : state.tables[t].rules) {
      if (wanted(rule)) rules.push_back(&rule);
    }
  }
  return rules;
}

Rules all_rules(const State& state) {
  return rules_of(state, OFP_ALL_TABLES, [](const Rule&) { return true; });
}

Layers layers_of(const FlowMod& fm) { return {fm.match.dl_type.value, fm.match.nw_proto.value}; }

bool overlap_found(const State& state, std::uint8_t tables, const FlowMod& fm) {
  const auto meets = [&](const Rule& r) { return r.priority == fm.priority && overlaps(r.match, fm.match); };
  return !rules_of(state, tables, meets).empty();
}

// The lowest table that says of itself that it can leave open all that this match does; 0: none does.
std::uint8_t first_fitting_table(const State& state, const Match& match) {
  Bytes form(wire::match::size);
  encode_match(form, 0, match);
  const auto wanted = get<wire::match::wildcards>(form);
  const auto bits = [](std::uint32_t wildcards, int shift) { return wildcards >> shift & OFPFW_NW_BITS_MASK; };
  constexpr std::uint32_t counts = OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT | OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT;
  for (std::uint8_t t = 0; t < state.tables.size(); ++t) {
    const std::uint32_t has = state.config.tables[t].wildcards;
    if ((wanted & ~counts & ~has) == 0 && bits(wanted, OFPFW_NW_SRC_SHIFT) <= bits(has, OFPFW_NW_SRC_SHIFT) &&
        bits(wanted, OFPFW_NW_DST_SHIFT) <= bits(has, OFPFW_NW_DST_SHIFT)) {
      return t;
    }
  }
  return 0;
}

// The table of a new rule; an error if there is none.
std::variant<std::uint8_t, Error> choose_table(Turn& turn, const FlowMod& fm) {
  const std::uint8_t wanted = fm.table;
  if (wanted != OFP_ALL_TABLES) {
    turn.hit("ADD-2");
    if (wanted < turn.state.tables.size()) return wanted;
    return kBadTable;
  }
  auto choice = turn.state.provider.choose_table;
  if (turn.choices.table) {
    turn.begin_iteration_output();
    choice = turn.choices.table(turn.position());
  }
  if (!choice) {
    turn.hit("ADD-3");
    const std::uint8_t fitting = first_fitting_table(turn.state, fm.match);
    return fitting != 0 && turn.reading("ADD-12") ? fitting : std::uint8_t{0};
  }
  turn.hit("ADD-4");
  turn.emit(observation::ChooseTable{*choice});
  if (const auto* table = std::get_if<std::uint8_t>(&*choice); table && *table >= turn.state.tables.size()) {
    if (turn.erratum(12)) turn.defect("E-12", true, "the provider chooses a table that does not exist");
    return kBadTable;
  }
  return *choice;
}

bool deletion_pending(const State& state, std::uint8_t table, const FlowMod& fm) {
  return std::ranges::any_of(state.operations, [&](const Operation& op) {
    return op.kind == OperationKind::remove && op.set_aside->table == table &&
           same_flow(*op.set_aside, fm.match, fm.priority);
  });
}

Rule new_rule(const Turn& turn, RuleName name, std::uint8_t table, const FlowMod& fm) {
  return {.name = name,
          .table = table,
          .priority = fm.priority,
          .match = fm.match,
          .cookie = fm.cookie,
          .created_ms = turn.state.now_ms,
          .idle_timeout = fm.idle_timeout,
          .hard_timeout = fm.hard_timeout,
          .send_flow_removed = (fm.flags & OFPFF_SEND_FLOW_REM) != 0,
          .actions = fm.actions,
          .used_ms = turn.state.now_ms,
          .exact = fm.exact};
}

// Takes the rule that the new one replaces out of its table. The rule has no operation.
std::optional<Rule> take_victim(Turn& turn, std::uint8_t table, const FlowMod& fm) {
  const Rule* rule = find_strict(turn.state, table, fm.match, fm.priority);
  return rule ? std::optional(take_from_table(turn, rule->name)) : std::nullopt;
}

Verdict install(Turn& turn, const Asker& asker, RuleName name, std::uint8_t table, const FlowMod& fm) {
  if (turn.state.tables[table].rules.size() >= turn.state.config.tables[table].max_entries) turn.hit("STAT-14");
  const Rule rule = new_rule(turn, name, table, fm);
  const std::optional<Rule> victim = take_victim(turn, table, fm);
  const std::uint32_t group = begin_group(turn, asker, fm.buffer_id);
  const Error refusal = start_add(turn, group, rule, victim);
  submit_group(turn, group);
  if (refusal) {
    restore_victim(turn, name, victim);
    turn.emit(observation::Dealloc{name});
  }
  return {false, refusal};
}

// Of these rules those that a request may touch; nullopt: an operation is in progress on one, whatever its out_port.
std::optional<Rules> touchable(Turn& turn, Rules rules, std::uint16_t out_port) {
  const auto busy = [&](const Rule* rule) { return turn.operation_on(rule->name) != nullptr; };
  if (turn.erratum(22) && std::ranges::any_of(rules, busy)) return {};
  if (std::erase_if(rules, [](const Rule* rule) { return hidden(*rule); }) > 0) turn.hit("OP-8");
  if (std::ranges::any_of(rules, busy)) return {};
  if (out_port == OFPP_NONE) return rules;
  const auto without = [](Rules of, std::uint16_t port, bool enqueues) {
    std::erase_if(of, [&](const Rule* rule) { return !outputs_to(rule->actions, port, enqueues); });
    return of;
  };
  const Rules with_enqueues = without(rules, out_port, true), outputs_only = without(rules, out_port, false);
  return with_enqueues != outputs_only && turn.reading("DEL-6") ? outputs_only : with_enqueues;
}

std::optional<Rules> collect(Turn& turn, const FlowMod& fm, bool strict, std::uint16_t out_port) {
  if (!strict) return collect_loose(turn, fm.table, fm.match, out_port);
  turn.hit("MATCH-3");
  const auto same = [&](const Rule& rule) { return same_flow(rule, fm.match, fm.priority); };
  return touchable(turn, rules_of(turn.state, fm.table, same), out_port);
}

Verdict modify_rules(Turn& turn, const Asker& asker, const FlowMod& fm, const Rules& rules) {
  Rules changing = rules;
  std::erase_if(changing, [&](const Rule* rule) { return rule->actions == fm.actions; });
  const bool packet_only = changing.empty() && fm.buffer_id != OFP_NO_BUFFER && !turn.erratum(29);
  const std::vector<RuleName> names = in_chosen_order(turn, packet_only ? rules : changing);
  const std::uint32_t group = begin_group(turn, asker, fm.buffer_id);
  for (const Rule* rule : rules) {
    if (rule->actions != fm.actions) continue;
    turn.hit("MOD-3");
    turn.rule_in_table(rule->name)->cookie = fm.cookie;
  }
  if (packet_only) {
    turn.hit("MOD-7");
    turn.group(group)->error = use_buffer(turn, *turn.group(group), names.front());
  } else {
    for (const RuleName name : names) start_modify(turn, group, name, fm.actions, fm.cookie);
  }
  submit_group(turn, group);
  return {};
}

Verdict delete_rules(Turn& turn, const Asker& asker, const Rules& rules) {
  const std::vector<RuleName> names = in_chosen_order(turn, rules);
  const std::uint32_t group = begin_group(turn, asker, OFP_NO_BUFFER);
  for (const RuleName name : names) {
    send_flow_removed(turn, *turn.rule_in_table(name), OFPRR_DELETE);
    start_remove(turn, group, name);
  }
  submit_group(turn, group);
  return {};
}

Verdict modify_flow(Turn& turn, const Asker& asker, RuleName name, const FlowMod& fm, bool strict) {
  const std::optional<Rules> rules = collect(turn, fm, strict, OFPP_NONE);
  if (!rules) return turn.postpone("MOD-1");
  if (rules->empty()) {
    turn.hit("MOD-2");
    return add_flow(turn, asker, name, fm);
  }
  if (strict && rules->size() > 1) return turn.done("MOD-6");
  return modify_rules(turn, asker, fm, *rules);
}

Verdict delete_flow(Turn& turn, const Asker& asker, const FlowMod& fm, bool strict) {
  if (!table_exists(turn.state, fm.table) && !turn.erratum(18)) return turn.end("DEL-5", {false, kBadTable});
  const std::optional<Rules> rules = collect(turn, fm, strict, fm.out_port);
  if (!rules) return turn.postpone("DEL-1");
  if (rules->empty()) return turn.done("DEL-2");
  if (strict && rules->size() > 1) return turn.done("MOD-6");
  turn.hit("DEL-3");
  return delete_rules(turn, asker, *rules);
}

// The match as the switch keeps it, and as what it stands among others.
void read_match(Turn& turn, ByteView message, FlowMod& fm) {
  if (extended(message)) return turn.hit("NXM-12");
  const Match raw = decode_match(message, wire::flow_mod::match.offset, turn.tos_bits());
  const auto wildcards = get<wire::match::wildcards>(message, wire::flow_mod::match.offset);
  if (raw != fm.match) turn.hit("MATCH-4");
  if ((wildcards & OFPFW_ALL) == 0) turn.hit("MATCH-5");
  if (raw.vlan_tci.mask != 0) turn.hit("MATCH-6");
  if ((wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK) > 32) turn.hit("MATCH-7");
  if (fm.match.nw_tos.mask != 0) turn.hit("MATCH-8");
  if (raw != fm.match && turn.reading("MATCH-10")) fm.match = raw;
  const auto priority = get<wire::flow_mod::priority>(message);
  fm.exact = (wildcards & OFPFW_ALL) == 0 && priority != fm.priority && turn.reading("MATCH-11");
  if (fm.exact) fm.priority = priority;
}

// What is wrong with the list of actions decides elsewhere; here is what readers may see in it besides.
Error read_list(Turn& turn, FlowMod& fm) {
  if (!simulated(turn.state) || foreign(turn)) return {};
  const bool deletes = fm.command == OFPFC_DELETE || fm.command == OFPFC_DELETE_STRICT;
  return read_actions(turn, fm.actions, layers_of(fm), deletes ? ListOf::deletion : ListOf::flow);
}

// A request is refused so; its actions may be wrong, too.
Verdict refuse(Turn& turn, ClauseId why, Error error, const FlowMod& fm) {
  return turn.end(why, {false, turn.told(error, wrong_actions(fm.actions, layers_of(fm)))});
}

}  // namespace

const Rule* find_strict(const State& state, std::uint8_t table, const Match& match, std::uint32_t priority) {
  const auto& rules = state.tables[table].rules;
  const auto rule = std::ranges::find_if(rules, [&](const Rule& r) { return same_flow(r, match, priority); });
  return rule == rules.end() ? nullptr : &*rule;
}

Verdict add_flow(Turn& turn, const Asker& asker, RuleName name, const FlowMod& fm) {
  const auto overlap_in = [&](std::uint8_t tables) {
    return (fm.flags & OFPFF_CHECK_OVERLAP) && overlap_found(turn.state, tables, fm);
  };
  const auto overlap = [&] { return refuse(turn, "ADD-1", flow_mod_failed(OFPFMFC_OVERLAP), fm); };
  if (turn.erratum(19) && overlap_in(fm.table)) return overlap();
  const auto choice = choose_table(turn, fm);
  if (const auto* error = std::get_if<Error>(&choice)) return {false, *error};
  const std::uint8_t table = std::get<std::uint8_t>(choice);
  if (overlap_in(table)) return overlap();
  if (deletion_pending(turn.state, table, fm)) return turn.postpone("ADD-5");
  const bool no_memory = provider_has_no_memory(turn);
  turn.emit(observation::Alloc{name, no_memory});
  if (no_memory) return turn.end("ADD-10", {false, system_error(kNoMemory)});
  const Rule* old = find_strict(turn.state, table, fm.match, fm.priority);
  if (old && turn.operation_on(old->name)) {
    turn.emit(observation::Dealloc{name});
    return turn.postpone("ADD-11");
  }
  return install(turn, asker, name, table, fm);
}

std::vector<RuleName> in_chosen_order(Turn& turn, const std::vector<const Rule*>& rules) {
  OrderQuestion question;
  std::vector<std::uint8_t> tables;
  for (const Rule* rule : rules) {
    question.rules.push_back(rule->name);
    tables.push_back(rule->table);
  }
  std::vector<RuleName> names;
  for (const std::size_t i : chosen_order(turn, question, tables)) names.push_back(question.rules[i]);
  return names;
}

bool table_exists(const State& state, std::uint8_t table) {
  return table == OFP_ALL_TABLES || table < state.tables.size();
}

std::optional<std::vector<const Rule*>> collect_loose(Turn& turn, std::uint8_t table, const Match& match,
                                                      std::uint16_t out_port) {
  turn.hit("MATCH-2");
  const auto covered = [&](const Rule& rule) { return covers(match, rule.match); };
  return touchable(turn, rules_of(turn.state, table, covered), out_port);
}

Verdict handle_flow_mod(Turn& turn, Connection& conn, const Message& message) {
  if (pending_groups(turn.state) >= turn.state.config.limits.pending_groups) return turn.postpone("OP-4");
  auto decoded = decode_flow_mod(message.bytes, conn.flow_mod_table_id, turn.tos_bits());
  if (const auto* error = std::get_if<Error>(&decoded)) {
    if (!extended(message.bytes)) return turn.end("MSG-2", {false, *error});
    hit_nxm_error(turn, *error);
    return {false, *error};
  }
  FlowMod& fm = std::get<FlowMod>(decoded);
  const Asker asker{conn.name, message.bytes};
  if (fm.actions.size() > kMostActionBytes && !turn.erratum(16)) {
    return turn.refuse("FM-5", OFPET_BAD_ACTION, OFPBAC_TOO_MANY);
  }
  if (fm.flags & OFPFF_EMERG) {
    const bool timeout = (fm.idle_timeout || fm.hard_timeout) && !turn.erratum(21);
    return refuse(turn, "FM-2", flow_mod_failed(timeout ? OFPFMFC_BAD_EMERG_TIMEOUT : OFPFMFC_ALL_TABLES_FULL), fm);
  }
  turn.hit("FM-1");
  read_match(turn, message.bytes, fm);
  if (fm.command > OFPFC_DELETE_STRICT) return refuse(turn, "FM-3", flow_mod_failed(OFPFMFC_BAD_COMMAND), fm);
  if (const Error error = read_list(turn, fm)) return {false, error};
  switch (fm.command) {
    case OFPFC_ADD:
      return add_flow(turn, asker, message.origin, fm);
    case OFPFC_MODIFY:
    case OFPFC_MODIFY_STRICT:
      return modify_flow(turn, asker, message.origin, fm, fm.command == OFPFC_MODIFY_STRICT);
    default:
      return delete_flow(turn, asker, fm, fm.command == OFPFC_DELETE_STRICT);
  }
}

void flush_pass(Turn& turn) {
  turn.hit("FLUSH-1");
  turn.emit(observation::FlushPass{});
  const auto idle = [&](const Rule& rule) { return !turn.operation_on(rule.name); };
  remove_rules(turn, in_chosen_order(turn, rules_of(turn.state, OFP_ALL_TABLES, idle)));
}

void dump_flows(Turn& turn) {
  turn.hit("SET-8");
  for (const RuleName name : in_chosen_order(turn, all_rules(turn.state))) {
    const Rule& r = *turn.rule_in_table(name);
    const auto [packets, bytes] = counters_of(turn.state, r);
    const std::uint64_t age_s = (turn.state.now_ms - r.created_ms) / 1000;
    turn.emit(observation::DumpedFlow{name, r.table, r.priority, age_s, packets, bytes, r.match, r.actions});
  }
}

void give_back_rules(Turn& turn) {
  for (const RuleName name : in_chosen_order(turn, all_rules(turn.state))) {
    turn.emit(observation::Remaining{name});
    turn.emit(observation::Dealloc{name});
  }
}

}  // namespace oftwin::model

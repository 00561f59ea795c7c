// The five flow-mod commands. Invariant: a request that is postponed has changed nothing.
#include "model/flow_mod.h"

#include <algorithm>
#include <utility>

#include "model/async.h"
#include "model/match.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::uint16_t kNoMemory = 12;  // ENOMEM
// With more, a flow's extended statistics record might not fit into a message.
constexpr std::size_t kMostActionBytes =
    (0xffff - wire::nx_stats_msg::size - wire::nx_flow_stats::size - wire::nx_flow_stats::longest_match) / 8 * 8;

bool concerns_table(std::uint8_t wanted, std::size_t table) { return wanted == OFP_ALL_TABLES || wanted == table; }
bool hidden(const Rule& rule) { return rule.priority > 0xffff; }

bool same_flow(const Rule& rule, const Match& match, std::uint32_t priority) {
  return rule.priority == priority && rule.match == match;
}

bool overlap_found(const State& state, const FlowMod& fm) {
  for (std::size_t t = 0; t < state.tables.size(); ++t) {
    if (!concerns_table(fm.table, t)) continue;
    for (const Rule& rule : state.tables[t].rules) {
      if (rule.priority == fm.priority && overlaps(rule.match, fm.match)) return true;
    }
  }
  return false;
}

// The table of a new rule; an error if there is none.
std::variant<std::uint8_t, Error> choose_table(Turn& turn, std::uint8_t wanted) {
  const Error bad_table = nicira_error(OFPET_FLOW_MOD_FAILED, NXFMFC_BAD_TABLE_ID);
  if (wanted != OFP_ALL_TABLES) {
    turn.hit("ADD-2");
    if (wanted < turn.state.tables.size()) return wanted;
    return bad_table;
  }
  const auto& choice = turn.state.provider.choose_table;
  if (!choice) {
    turn.hit("ADD-3");
    return std::uint8_t{0};
  }
  turn.hit("ADD-4");
  turn.emit(observation::ChooseTable{*choice});
  if (const auto* table = std::get_if<std::uint8_t>(&*choice); table && *table >= turn.state.tables.size()) {
    if (turn.erratum(12)) turn.defect("E-12", true, "the provider chooses a table that does not exist");
    return bad_table;
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
  Rule rule;
  rule.name = name;
  rule.table = table;
  rule.priority = fm.priority;
  rule.match = fm.match;
  rule.cookie = fm.cookie;
  rule.created_ms = rule.used_ms = turn.state.now_ms;
  rule.idle_timeout = fm.idle_timeout;
  rule.hard_timeout = fm.hard_timeout;
  rule.send_flow_removed = (fm.flags & OFPFF_SEND_FLOW_REM) != 0;
  rule.actions = fm.actions;
  return rule;
}

// Takes the rule that the new one replaces out of its table. The rule has no operation.
std::optional<Rule> take_victim(Turn& turn, std::uint8_t table, const FlowMod& fm) {
  auto& rules = turn.state.tables[table].rules;
  const auto it = std::ranges::find_if(rules, [&](const Rule& r) { return same_flow(r, fm.match, fm.priority); });
  if (it == rules.end()) return {};
  std::optional<Rule> victim = std::move(*it);
  rules.erase(it);
  return victim;
}

const Rule* find_strict(const State& state, std::size_t table, const Match& match, std::uint32_t priority) {
  for (const Rule& rule : state.tables[table].rules) {
    if (same_flow(rule, match, priority)) return &rule;
  }
  return nullptr;
}

Verdict install(Turn& turn, const Asker& asker, RuleName name, std::uint8_t table, const FlowMod& fm) {
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

Verdict add_flow(Turn& turn, const Asker& asker, RuleName name, const FlowMod& fm) {
  if ((fm.flags & OFPFF_CHECK_OVERLAP) && overlap_found(turn.state, fm)) {
    turn.hit("ADD-1");
    return refused(OFPET_FLOW_MOD_FAILED, OFPFMFC_OVERLAP);
  }
  const auto choice = choose_table(turn, fm.table);
  if (const auto* error = std::get_if<Error>(&choice)) return {false, *error};
  const std::uint8_t table = std::get<std::uint8_t>(choice);
  if (deletion_pending(turn.state, table, fm)) {
    turn.hit("ADD-5");
    return kPostponed;
  }
  turn.emit(observation::Alloc{name, turn.state.provider.alloc_fails});
  if (turn.state.provider.alloc_fails) {
    turn.hit("ADD-10");
    return {false, system_error(kNoMemory)};
  }
  const Rule* old = find_strict(turn.state, table, fm.match, fm.priority);
  if (old && turn.operation_on(old->name)) {
    turn.hit("ADD-11");
    turn.emit(observation::Dealloc{name});
    return kPostponed;
  }
  return install(turn, asker, name, table, fm);
}

// nullopt: an operation is in progress on one of them.
std::optional<std::vector<const Rule*>> collect_strict(Turn& turn, const FlowMod& fm, std::uint16_t out_port) {
  turn.hit("MATCH-3");
  std::vector<const Rule*> rules;
  for (std::size_t t = 0; t < turn.state.tables.size(); ++t) {
    if (!concerns_table(fm.table, t)) continue;
    const Rule* rule = find_strict(turn.state, t, fm.match, fm.priority);
    if (!rule) continue;
    if (turn.operation_on(rule->name)) return {};
    if (out_port == OFPP_NONE || outputs_to(rule->actions, out_port)) rules.push_back(rule);
  }
  return rules;
}

// Names of the rules in the order in which they are to be touched.
std::vector<RuleName> in_chosen_order(Turn& turn, const std::vector<const Rule*>& rules) {
  OrderQuestion question;
  std::vector<std::uint8_t> tables;
  for (const Rule* rule : rules) {
    question.rules.push_back(rule->name);
    tables.push_back(rule->table);
  }
  if (rules.size() > 1) {
    turn.hit("OP-3");
    turn.begin_iteration_output();
  }
  question.position = turn.position();
  std::vector<RuleName> names;
  for (const std::size_t i : chosen_order(turn, question, tables)) names.push_back(question.rules[i]);
  return names;
}

Verdict modify_rules(Turn& turn, const Asker& asker, const FlowMod& fm, const std::vector<const Rule*>& rules) {
  std::vector<const Rule*> changing;
  for (const Rule* rule : rules) {
    if (rule->actions != fm.actions) changing.push_back(rule);
  }
  const std::vector<RuleName> names = in_chosen_order(turn, changing);
  const std::uint32_t group = begin_group(turn, asker, fm.buffer_id);
  for (const Rule* rule : rules) {
    if (rule->actions != fm.actions) continue;
    turn.hit("MOD-3");
    turn.rule_in_table(rule->name)->cookie = fm.cookie;
  }
  for (const RuleName name : names) start_modify(turn, group, name, fm.actions, fm.cookie);
  submit_group(turn, group);
  return {};
}

Verdict delete_rules(Turn& turn, const Asker& asker, const std::vector<const Rule*>& rules) {
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
  const auto rules = strict ? collect_strict(turn, fm, OFPP_NONE) : collect_loose(turn, fm.table, fm.match, OFPP_NONE);
  if (!rules) {
    turn.hit("MOD-1");
    return kPostponed;
  }
  if (rules->empty()) {
    turn.hit("MOD-2");
    return add_flow(turn, asker, name, fm);
  }
  if (strict && rules->size() > 1) {
    turn.hit("MOD-6");
    return {};
  }
  return modify_rules(turn, asker, fm, *rules);
}

Verdict delete_flow(Turn& turn, const Asker& asker, const FlowMod& fm, bool strict) {
  const auto rules =
      strict ? collect_strict(turn, fm, fm.out_port) : collect_loose(turn, fm.table, fm.match, fm.out_port);
  if (!rules) {
    turn.hit("DEL-1");
    return kPostponed;
  }
  if (rules->empty()) {
    turn.hit("DEL-2");
    return {};
  }
  if (strict && rules->size() > 1) {
    turn.hit("MOD-6");
    return {};
  }
  turn.hit("DEL-3");
  return delete_rules(turn, asker, *rules);
}

void hit_match_clauses(Turn& turn, ByteView message, const FlowMod& fm) {
  if (extended(message)) return turn.hit("NXM-12");
  const Match raw = decode_match(message, wire::flow_mod::match.offset, turn.tos_bits());
  const auto wildcards = get(message, wire::match::wildcards, wire::flow_mod::match.offset);
  if (raw != fm.match) turn.hit("MATCH-4");
  if ((wildcards & OFPFW_ALL) == 0) turn.hit("MATCH-5");
  if (raw.vlan_tci.mask != 0) turn.hit("MATCH-6");
  if ((wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK) > 32) turn.hit("MATCH-7");
  if (fm.match.nw_tos.mask != 0) turn.hit("MATCH-8");
}

FlowMod own_flow(const event::HiddenAdd& wanted) {
  FlowMod fm;
  if (wanted.in_port != 0) fm.match.in_port = {wanted.in_port, 0xffff};
  fm.priority = wanted.priority;
  fm.table = 0;
  fm.actions.resize(8);
  put(fm.actions, wire::action::type, OFPAT_OUTPUT);
  put(fm.actions, wire::action::len, 8);
  put(fm.actions, wire::action::output_port, wanted.out_port);
  return fm;
}

}  // namespace

std::optional<std::vector<const Rule*>> collect_loose(Turn& turn, std::uint8_t table, const Match& match,
                                                      std::uint16_t out_port) {
  turn.hit("MATCH-2");
  std::vector<const Rule*> rules;
  for (std::size_t t = 0; t < turn.state.tables.size(); ++t) {
    if (!concerns_table(table, t)) continue;
    for (const Rule& rule : turn.state.tables[t].rules) {
      if (!covers(match, rule.match)) continue;
      if (turn.operation_on(rule.name)) {
        if (hidden(rule)) turn.hit("OP-8");
        return {};
      }
      if (!hidden(rule) && (out_port == OFPP_NONE || outputs_to(rule.actions, out_port))) rules.push_back(&rule);
    }
  }
  return rules;
}

Verdict handle_flow_mod(Turn& turn, Connection& conn, const Message& message) {
  if (pending_groups(turn.state) >= kMostPendingGroups) {
    turn.hit("OP-4");
    return kPostponed;
  }
  const auto decoded = decode_flow_mod(message.bytes, conn.flow_mod_table_id, turn.tos_bits());
  if (const auto* error = std::get_if<Error>(&decoded)) {
    if (extended(message.bytes))
      hit_nxm_error(turn, *error);
    else
      turn.hit("MSG-2");
    return {false, *error};
  }
  const FlowMod& fm = std::get<FlowMod>(decoded);
  const Asker asker{conn.name, message.bytes};
  if (fm.actions.size() > kMostActionBytes && !turn.erratum(16)) {
    turn.hit("FM-5");
    return refused(OFPET_BAD_ACTION, OFPBAC_TOO_MANY);
  }
  if (fm.flags & OFPFF_EMERG) {
    turn.hit("FM-2");
    return refused(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);
  }
  turn.hit("FM-1");
  hit_match_clauses(turn, message.bytes, fm);
  switch (fm.command) {
    case OFPFC_ADD:
      return add_flow(turn, asker, message.origin, fm);
    case OFPFC_MODIFY:
    case OFPFC_MODIFY_STRICT:
      return modify_flow(turn, asker, message.origin, fm, fm.command == OFPFC_MODIFY_STRICT);
    case OFPFC_DELETE:
    case OFPFC_DELETE_STRICT:
      return delete_flow(turn, asker, fm, fm.command == OFPFC_DELETE_STRICT);
    default:
      turn.hit("FM-3");
      return refused(OFPET_FLOW_MOD_FAILED, OFPFMFC_BAD_COMMAND);
  }
}

void add_own_rule(Turn& turn, RuleName name, const event::HiddenAdd& wanted) {
  const FlowMod fm = own_flow(wanted);
  const Rule* rule = find_strict(turn.state, 0, fm.match, fm.priority);
  if (rule && rule->actions == fm.actions) return;
  turn.hit("OWN-1");
  if (!add_flow(turn, {}, name, fm).postponed || turn.erratum(11)) return;
  turn.hit("OWN-2");
  turn.state.own_rules.push_back({name, wanted});
}

void retry_own_rules(Turn& turn) {
  if (!std::exchange(turn.state.own_retry, false)) return;
  for (const OwnRule& own : std::exchange(turn.state.own_rules, {})) add_own_rule(turn, own.name, own.wanted);
}

void delete_own_rule(Turn& turn, const event::HiddenDel& wanted) {
  turn.hit("OWN-3");
  const FlowMod fm = own_flow({wanted.priority, wanted.in_port, 0});
  std::erase_if(turn.state.own_rules, [&](const OwnRule& own) {
    return own.wanted.priority == wanted.priority && own.wanted.in_port == wanted.in_port;
  });
  turn.state.own_retry = turn.state.own_retry && !turn.state.own_rules.empty();
  const Rule* rule = find_strict(turn.state, 0, fm.match, fm.priority);
  if (rule && turn.operation_on(rule->name)) {
    turn.emit(observation::HiddenDelResult{false});
    return;
  }
  if (rule) {
    const std::uint32_t group = begin_group(turn, {}, OFP_NO_BUFFER);
    start_remove(turn, group, rule->name);
    submit_group(turn, group);
  }
  turn.emit(observation::HiddenDelResult{true});
}

void flush_pass(Turn& turn) {
  turn.hit("FLUSH-1");
  turn.emit(observation::FlushPass{});
  std::vector<const Rule*> rules;
  for (const Table& table : turn.state.tables) {
    for (const Rule& rule : table.rules) {
      if (!turn.operation_on(rule.name)) rules.push_back(&rule);
    }
  }
  const std::vector<RuleName> names = in_chosen_order(turn, rules);
  const std::uint32_t group = begin_group(turn, {}, OFP_NO_BUFFER);
  for (const RuleName name : names) start_remove(turn, group, name);
  submit_group(turn, group);
}

void give_back_rules(Turn& turn) {
  std::vector<const Rule*> rules;
  for (const Table& table : turn.state.tables) {
    for (const Rule& rule : table.rules) rules.push_back(&rule);
  }
  for (const RuleName name : in_chosen_order(turn, rules)) {
    turn.emit(observation::Remaining{name});
    turn.emit(observation::Dealloc{name});
  }
}

}  // namespace oftwin::model

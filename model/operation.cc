// How operations start and end. Invariant: an operation that ends leaves its group one shorter; a group that has been
// submitted and is empty ends at once.
#include "model/operation.h"

#include <algorithm>
#include <utility>

#include "model/async.h"
#include "model/buffer.h"
#include "model/connection.h"
#include "model/provider.h"
#include "model/wire.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

observation::Operation shown(OperationKind kind, const Rule& rule, const Answer& answer) {
  return {.kind = kind,
          .rule = rule.name,
          .victim = {},
          .table = rule.table,
          .priority = rule.priority,
          .match = rule.match,
          .match_rendering = {},
          .actions = rule.actions,
          .cookie = rule.cookie,
          .idle_timeout = rule.idle_timeout,
          .hard_timeout = rule.hard_timeout,
          .send_flow_removed = rule.send_flow_removed,
          .answer = answer};
}

// Asks, shows the call, and completes what the provider completes inside it. Returns the answer.
Answer call_provider(Turn& turn, Operation operation, const Rule& rule) {
  const OperationKind kind = operation.kind;
  const RuleName name = operation.rule;
  const auto [answer, due_ms] = answer_of_provider(turn, kind, rule);
  observation::Operation call = shown(kind, rule, answer);
  if (kind == OperationKind::add && operation.set_aside) call.victim = operation.set_aside->name;
  turn.emit(std::move(call));
  operation.due_ms = due_ms;
  turn.state.operations.push_back(std::move(operation));
  if (answer.kind == AnswerKind::done || answer.kind == AnswerKind::failed) {
    turn.emit(observation::Complete{kind, name, answer.error});
    complete_operation(turn, name, answer.error);
  }
  return answer;
}

std::size_t operations_in(const State& state, std::uint32_t group) {
  return static_cast<std::size_t>(std::ranges::count(state.operations, group, &Operation::group));
}

void raise_retry(Turn& turn) {
  for (Connection& c : turn.state.connections) {
    if (c.link != Link::waiting) c.retry = true;
  }
  turn.state.own_retry = !turn.state.own_rules.empty();
}

void finish_group(Turn& turn, std::uint32_t id) {
  auto& groups = turn.state.groups;
  const auto it = std::ranges::find(groups, id, &Group::id);
  const Group group = std::move(*it);
  groups.erase(it);
  const bool asked = group.linked && group.owner;
  turn.hit(asked ? ClauseId("OP-5") : ClauseId("OP-6"));
  if (asked && group.error) send_error(turn, *turn.connection(*group.owner), group.error, group.request);
  if (group.linked || !turn.erratum(7)) {
    turn.hit("OP-7");
    raise_retry(turn);
  }
}

void end_add(Turn& turn, Operation& op, bool undo) {
  turn.hit(undo ? ClauseId("ADD-8") : ClauseId("ADD-6"));
  if (undo) restore_victim(turn, op.rule, op.set_aside);
  if (!undo && op.set_aside) turn.hit("ADD-7");
  if (undo || op.set_aside) turn.emit(observation::Dealloc{undo ? op.rule : op.set_aside->name});
}

void end_modify(Turn& turn, Operation& op, bool undo) {
  turn.hit(undo ? ClauseId("MOD-5") : ClauseId("MOD-4"));
  if (!undo) return;
  Rule* rule = turn.rule_in_table(op.rule);
  rule->actions = std::move(op.old_actions);
  if (!turn.erratum(2)) rule->cookie = op.old_cookie;
}

// The original clears a mark in the rule after everything else; a rule that has just been given back is gone by then.
void unmark(Turn& turn, const Operation& op, bool undo) {
  const bool forgotten =
      op.kind == OperationKind::remove || (op.kind == OperationKind::add && undo && !turn.erratum(9));
  if (!forgotten && !turn.rule_exists(op.rule)) {
    turn.defect("E-09", false, "writes into a rule that has been freed");
  }
}

}  // namespace

std::uint32_t begin_group(Turn& turn, const Asker& asker, std::uint32_t buffer_id) {
  Group group;
  while (turn.group(group.id)) ++group.id;
  if (asker.conn) {
    group.owner = asker.conn;
    group.linked = true;
    const std::size_t kept = std::min(asker.request.size(), OFP_ERROR_REQUEST_BYTES);
    group.request = copy(asker.request.first(kept));
    group.buffer_id = buffer_id;
  }
  turn.state.groups.push_back(group);
  return group.id;
}

void submit_group(Turn& turn, std::uint32_t id) {
  if (operations_in(turn.state, id) == 0) return finish_group(turn, id);
  turn.hit("OP-2");
  turn.group(id)->submitted = true;
}

std::size_t pending_groups(const State& state) {
  return static_cast<std::size_t>(std::ranges::count_if(state.groups, &Group::submitted));
}

bool has_pending_groups(const State& state, ConnName conn) {
  return std::ranges::any_of(state.groups, [&](const Group& g) { return g.linked && g.owner == conn; });
}

Rule take_from_table(Turn& turn, RuleName name) {
  const Rule* rule = turn.rule_in_table(name);
  if (!rule) return {};
  auto& rules = turn.state.tables[rule->table].rules;
  const auto it = rules.begin() + (rule - rules.data());
  Rule taken = std::move(*it);
  rules.erase(it);
  return taken;
}

Error start_add(Turn& turn, std::uint32_t group, const Rule& rule, std::optional<Rule> victim) {
  turn.hit("OP-1");
  turn.state.tables[rule.table].rules.push_back(rule);
  Operation op{OperationKind::add, rule.name, group, std::move(victim), {}, 0, {}};
  const Answer answer = call_provider(turn, std::move(op), rule);
  if (answer.kind != AnswerKind::refused) return {};
  turn.hit("ADD-9");
  std::erase_if(turn.state.operations, [&](const Operation& o) { return o.rule == rule.name; });
  return answer.error;
}

void start_modify(Turn& turn, std::uint32_t group, RuleName name, const Bytes& actions, std::uint64_t cookie) {
  Rule* rule = turn.rule_in_table(name);
  Operation op{OperationKind::modify, name, group, {}, std::exchange(rule->actions, actions), rule->cookie, {}};
  const Rule called = *rule;
  const Answer answer = call_provider(turn, std::move(op), called);
  rule = turn.rule_in_table(name);
  if (answer.kind == AnswerKind::failed && !turn.erratum(2)) return;
  rule->cookie = cookie;
}

void start_remove(Turn& turn, std::uint32_t group, RuleName name) {
  Rule rule = take_from_table(turn, name);
  const Rule called = rule;
  call_provider(turn, {OperationKind::remove, name, group, std::move(rule), {}, 0, {}}, called);
}

void remove_rules(Turn& turn, const std::vector<RuleName>& names) {
  const std::uint32_t group = begin_group(turn, {}, OFP_NO_BUFFER);
  for (const RuleName name : names) start_remove(turn, group, name);
  submit_group(turn, group);
}

void complete_operation(Turn& turn, RuleName name, Error error) {
  const auto it = std::ranges::find(turn.state.operations, name, &Operation::rule);
  Operation op = std::move(*it);
  turn.state.operations.erase(it);
  Group& group = *turn.group(op.group);
  const bool last = operations_in(turn.state, group.id) == 0;
  Error buffer_error;
  if (!error && op.kind != OperationKind::remove && !group.error && last) buffer_error = use_buffer(turn, group, name);
  if (!group.error) group.error = error ? error : buffer_error;
  const bool undo = error || (buffer_error && (turn.erratum(3) || turn.reading("BUF-11")));

  if (op.kind == OperationKind::add) end_add(turn, op, undo);
  if (op.kind == OperationKind::modify) end_modify(turn, op, undo);
  if (op.kind == OperationKind::remove) {
    turn.hit("DEL-4");
    turn.emit(observation::Dealloc{name});
  }
  unmark(turn, op, undo);
  if (last && group.submitted) finish_group(turn, op.group);
}

void expire_rule(Turn& turn, RuleName name, ExpiryReason reason) {
  const Operation* op = turn.operation_on(name);
  const Rule* rule = turn.rule_in_table(name);
  if (!rule && op && op->set_aside) rule = &*op->set_aside;
  if (!rule) return;
  if (op && !turn.erratum(10)) return turn.hit("EXP-2");
  turn.hit("EXP-1");
  send_flow_removed(turn, *rule, reason == ExpiryReason::idle ? OFPRR_IDLE_TIMEOUT : OFPRR_HARD_TIMEOUT);
  if (op) return turn.defect("E-10", true, "a rule with an operation in progress expires");
  remove_rules(turn, {name});
}

void restore_victim(Turn& turn, RuleName name, const std::optional<Rule>& victim) {
  const Rule gone = take_from_table(turn, name);
  if (victim) turn.state.tables[gone.table].rules.push_back(*victim);
}

}  // namespace oftwin::model

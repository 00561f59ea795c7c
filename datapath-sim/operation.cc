// Operations on rules: checked, answered as planned, and brought into force when they complete.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "datapath-sim/state.h"

namespace oftwin::sim {
namespace {

Rule& rule_of(const oft_rule& base) { return *static_cast<Rule*>(base.handle); }

oft_error compile_next(const oft_rule& base) {
  const oft_match& m = *base.match;
  const Protocols packets{static_cast<std::uint16_t>(m.dl_type & m.dl_type_mask),
                          static_cast<std::uint8_t>(m.nw_proto & m.nw_proto_mask)};
  return compile({base.actions, base.actions_len}, packets, rule_of(base).next_program);
}

}  // namespace

void Datapath::State::put_out_of_force(Rule& rule) {
  timeouts.forget(rule);
  if (rule.table != nullptr) rule.table->remove(rule.flow);
  rule.table = nullptr;
}

void Datapath::State::put_into_force(Rule& rule, FlowTable& table) {
  rule.flow.match = pack(*rule.base->match);
  rule.flow.priority = rule.base->priority;
  rule.flow.rule = &rule;
  rule.table = &table;
  table.insert(rule.flow);
}

Rule* Datapath::State::allocate() {
  Rule& rule = *rules.emplace_back(std::make_unique<Rule>());
  rule.serial = next_serial++;
  rule.position = rules.size() - 1;
  return &rule;
}

void Datapath::State::deallocate(Rule& rule) {
  operations.forget(rule);
  put_out_of_force(rule);
  std::ranges::replace(expiring, &rule, nullptr);
  const std::size_t position = rule.position;
  std::swap(rules[position], rules.back());
  rules[position]->position = position;
  rules.pop_back();
}

oft_error Datapath::State::construct(const oft_rule& base, const oft_rule* victim, oft_op* op) {
  if (const oft_error error = compile_next(base)) return error;
  if (base.table_id >= tables.size()) return OFT_ERROR_ERRNO(EINVAL);
  const Answer answer = operations.next_answer(OperationKind::add);
  if (answer.kind == AnswerKind::refused) return to_abi(answer.error);
  Rule& rule = rule_of(base);
  rule.base = &base;
  rule.used_ms = base.created_ms;
  start({OperationKind::add, &rule, victim != nullptr ? &rule_of(*victim) : nullptr, op}, answer);
  return OFT_OK;
}

void Datapath::State::modify(const oft_rule& base, oft_op* op) {
  Rule& rule = rule_of(base);
  const Operation operation{OperationKind::modify, &rule, nullptr, op};
  if (const oft_error error = compile_next(base)) return finish(operation, error);
  start(operation, operations.next_answer(OperationKind::modify));
}

void Datapath::State::destruct(const oft_rule& base, oft_op* op) {
  start({OperationKind::remove, &rule_of(base), nullptr, op}, operations.next_answer(OperationKind::remove));
}

void Datapath::State::start(Operation operation, const Answer& answer) {
  if (answer.kind == AnswerKind::failed) return finish(operation, to_abi(answer.error));
  const std::uint32_t latency_ms = operations.latency(operation.kind);
  if (answer.kind == AnswerKind::done && latency_ms == 0) return finish(operation, OFT_OK);
  if (answer.kind == AnswerKind::done) operation.due_ms = host->now_ms(host_data) + latency_ms;
  timeouts.forget(*operation.rule);
  if (operation.victim != nullptr) timeouts.forget(*operation.victim);
  operations.defer(operation);
}

void Datapath::State::finish(const Operation& operation, oft_error error) {
  if (operation.kind == OperationKind::remove) error = OFT_OK;
  if (error == OFT_OK) take_effect(operation);
  for (Rule* rule : {operation.rule, operation.victim}) {
    if (rule != nullptr && rule->table != nullptr) timeouts.watch(*rule);
  }
  host->op_complete(host_data, operation.op, error);
}

void Datapath::State::take_effect(const Operation& operation) {
  Rule& rule = *operation.rule;
  switch (operation.kind) {
    case OperationKind::add:
      if (operation.victim != nullptr) put_out_of_force(*operation.victim);
      std::swap(rule.program, rule.next_program);
      put_into_force(rule, tables[rule.base->table_id].flows);
      break;
    case OperationKind::modify:
      std::swap(rule.program, rule.next_program);
      break;
    case OperationKind::remove:
      put_out_of_force(rule);
      break;
  }
}

}  // namespace oftwin::sim

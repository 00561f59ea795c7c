// The provider's answers and its periodic work. Invariant: in scripted mode everything that it says is an input.
#include "model/provider.h"

#include <algorithm>
#include <utility>

#include "model/action.h"
#include "model/action_reading.h"
#include "model/async.h"
#include "model/datapath.h"
#include "model/flow_mod.h"
#include "model/operation.h"
#include "model/wire.h"

namespace oftwin::model {

namespace {

constexpr std::uint64_t kNever = UINT64_MAX;

// What an answer means for this kind: nothing can fail without an error, a removal cannot fail, and only a construction
// can be refused.
Answer meaning(OperationKind kind, Answer answer) {
  if (answer.kind == AnswerKind::done || answer.kind == AnswerKind::pending) return {answer.kind, {}};
  if (!answer.error || kind == OperationKind::remove) return {AnswerKind::done, {}};
  if (kind == OperationKind::modify) answer.kind = AnswerKind::failed;
  return answer;
}

Answer planned_answer(State& state, OperationKind kind) {
  auto& plan = state.provider.plan[static_cast<std::size_t>(kind)];
  Answer answer = state.provider.policy[static_cast<std::size_t>(kind)];
  if (!plan.empty()) {
    answer = plan.front();
    plan.erase(plan.begin());
  }
  return meaning(kind, answer);
}

// The error of the first action that is wrong in a list.
Error wrong_action(Turn& turn, ByteView actions, Layers layers) {
  const Error error = validate_actions(actions, layers, turn.out.clauses);
  return error == bad_action(OFPBAC_BAD_VENDOR_TYPE) && turn.erratum(41) ? bad_action(OFPBAC_BAD_TYPE) : error;
}
Error wrong_action(Turn& turn, const Rule& rule) {
  return wrong_action(turn, rule.actions, {rule.match.dl_type.value, rule.match.nw_proto.value});
}

// What somebody else's datapath answers; `wrong`: it must not accept the list.
Answer foreign_answer(Turn& turn, OperationKind kind, RuleName rule, const Error& wrong) {
  turn.hit("DP-19");
  turn.begin_iteration_output();
  const Answer expected = meaning(kind, {wrong ? AnswerKind::refused : AnswerKind::done, wrong});
  const Answer answer = meaning(kind, turn.choices.answer({turn.position(), kind, rule, expected}));
  return wrong && answer.kind == AnswerKind::done ? expected : answer;
}

Started simulated_answer(Turn& turn, OperationKind kind, const Rule& rule) {
  const Error wrong = kind == OperationKind::remove ? Error{} : wrong_action(turn, rule);
  if (wrong) turn.hit("OP-9");
  if (foreign(turn)) return {foreign_answer(turn, kind, rule.name, wrong), {}};
  if (wrong) return {meaning(kind, {AnswerKind::refused, wrong}), {}};
  const Answer planned = planned_answer(turn.state, kind);
  const std::uint32_t latency = turn.state.provider.latency_ms[static_cast<std::size_t>(kind)];
  if (planned.kind != AnswerKind::done || latency == 0) return {planned, {}};
  return {{AnswerKind::pending, {}}, turn.state.now_ms + latency};
}

// The error of a call about a packet: `own`, or what somebody else's datapath answers instead.
Error packet_answer(Turn& turn, const Error& own, bool execute) {
  if (!turn.choices.answer || (simulated(turn.state) && !foreign(turn))) return own;
  turn.begin_iteration_output();
  AnswerQuestion question{turn.position(), OperationKind::add, {}, {AnswerKind::done, own}, !execute, execute};
  const Error answer = turn.choices.answer(question).error;
  return simulated(turn.state) && own && !answer ? own : answer;
}

void run_work(Turn& turn, const event::ProviderComplete& work) {
  const Operation* op = turn.operation_on(work.rule);
  if (!op) return;
  const Error error = op->kind == OperationKind::remove ? Error{} : work.error;
  turn.emit(observation::Complete{op->kind, work.rule, error});
  complete_operation(turn, work.rule, error);
}

void run_work(Turn& turn, const event::ProviderExpire& work) { expire_rule(turn, work.rule, work.reason); }

void run_work(Turn& turn, const event::ProviderPacketIn& work) {
  packet_in(turn, work.port, work.frame, work.reason, work.send_len);
}

void run_work(Turn& turn, const event::PacketArrives& work) {
  packet_arrives(turn, work.port, work.frame, work.tun_id);
}

void run_work(Turn& turn, const event::PortChange& work) { change_port(turn, work.kind, work.port); }

// The operation that completes by itself first; of several at the same time the one that was started first.
const Operation* next_due(const State& state) {
  const auto due = [](const Operation& op) { return op.due_ms.value_or(UINT64_MAX); };
  const auto next = std::ranges::min_element(state.operations, {}, due);
  return next == state.operations.end() || !next->due_ms ? nullptr : &*next;
}

std::uint64_t hard_end(const Rule& rule) {
  return rule.hard_timeout ? rule.created_ms + std::uint64_t{1000} * rule.hard_timeout : kNever;
}
std::uint64_t idle_end(const Rule& rule) {
  return rule.idle_timeout ? rule.used_ms + std::uint64_t{1000} * rule.idle_timeout : kNever;
}
std::uint64_t end_of(const Rule& rule) { return std::min(hard_end(rule), idle_end(rule)); }

// An operation is in progress on it: it can't time out now.
bool held_back(const State& state, const Rule& rule) {
  return !state.errata[10] && find(state.operations, rule.name, &Operation::rule) != nullptr;
}

void expire(Turn& turn, RuleName name) {
  const bool hard = hard_end(*turn.rule_in_table(name)) <= turn.state.now_ms;
  turn.hit(hard ? ClauseId("EXP-3") : ClauseId("EXP-4"));
  expire_rule(turn, name, hard ? ExpiryReason::hard : ExpiryReason::idle);
}

// Those whose time came `since_ms` ago or before, and that can time out now.
std::vector<const Rule*> timed_out(Turn& turn, std::uint64_t since_ms) {
  std::vector<const Rule*> due;
  for (const Table& table : turn.state.tables) {
    for (const Rule& rule : table.rules) {
      if (end_of(rule) == kNever || end_of(rule) + since_ms > turn.state.now_ms) continue;
      if (held_back(turn.state, rule))
        turn.hit("EXP-5");
      else
        due.push_back(&rule);
    }
  }
  return due;
}

void expire_rules(Turn& turn) {
  const std::vector<const Rule*> due = timed_out(turn, 0);
  if (!due.empty()) turn.hit("EXP-6");
  for (const RuleName name : in_chosen_order(turn, due)) expire(turn, name);
}

// --- Somebody else's datapath ---------------------------------------------------------------------------------------

void act(Turn& turn, event::ProviderComplete e) {
  const Operation* op = turn.operation_on(e.rule);
  const Rule* rule = turn.rule_in_table(e.rule);
  if (op && op->kind != OperationKind::remove && rule && !e.error) e.error = wrong_action(turn, *rule);
  if (e.error) turn.hit("OP-9");
  run_work(turn, e);
}

// Not before its time, and for the right reason.
void act(Turn& turn, const event::ProviderExpire& e) {
  turn.hit("EXP-7");
  const Rule* rule = turn.rule_in_table(e.rule);
  if (!rule || held_back(turn.state, *rule)) return;
  turn.hit(e.reason == ExpiryReason::hard ? ClauseId("EXP-3") : ClauseId("EXP-4"));
  const bool hard = hard_end(*rule) <= turn.state.now_ms;
  if (end_of(*rule) <= turn.state.now_ms && hard == (e.reason == ExpiryReason::hard)) expire(turn, e.rule);
}

void act(Turn& turn, const event::ProviderPacketIn& e) { run_work(turn, e); }
void act(Turn& turn, const event::PortChange& e) { run_work(turn, e); }

constexpr std::uint64_t kClockInterval = 1000;  // of EXP-7, ms

std::vector<RuleName> overdue(Turn& turn) {
  std::vector<RuleName> names;
  for (const Rule* rule : timed_out(turn, kClockInterval)) {
    const bool by_age = hard_end(*rule) + kClockInterval <= turn.state.now_ms && hard_end(*rule) != kNever;
    if (turn.choices.packets || by_age) names.push_back(rule->name);
  }
  return names;
}

void run_acts(Turn& turn) {
  const std::vector<RuleName> before = overdue(turn);
  turn.begin_iteration_output();
  while (const auto next = turn.choices.act(turn.position())) {
    std::visit([&](const auto& e) { act(turn, e); }, *next);
  }
  for (const RuleName name : overdue(turn)) {
    if (std::ranges::find(before, name) != before.end()) expire(turn, name);
  }
}

}  // namespace

Started answer_of_provider(Turn& turn, OperationKind kind, const Rule& rule) {
  if (simulated(turn.state)) return simulated_answer(turn, kind, rule);
  const Answer planned = planned_answer(turn.state, kind);
  if (!turn.choices.answer) return {planned, {}};
  turn.begin_iteration_output();
  return {meaning(kind, turn.choices.answer({turn.position(), kind, rule.name, planned})), {}};
}

bool provider_has_no_memory(Turn& turn) {
  if (!turn.choices.no_memory) return turn.state.provider.alloc_fails;
  turn.begin_iteration_output();
  const bool none = turn.choices.no_memory(turn.position());
  if (none) turn.hit("DP-19");
  return none;
}

Counters counters_of(const State& state, const Rule& rule) {
  return state.provider.unknown_counters ? Counters{kUnknown, kUnknown} : Counters{rule.packets, rule.bytes};
}

Error execute_on_provider(Turn& turn, RuleName rule, std::uint16_t in_port, ByteView frame) {
  const bool own = !simulated(turn.state);
  const Error answer = own ? turn.state.provider.execute_result : packet_answer(turn, {}, true);
  turn.emit(observation::Execute{rule, in_port, copy(frame), answer});
  if (simulated(turn.state) && turn.choices.packets && !answer) execute_rule(turn, rule, in_port, frame);
  return answer;
}

Error packet_out_on_provider(Turn& turn, std::uint16_t in_port, Bytes actions, ByteView frame) {
  Error answer = turn.state.provider.packet_out_result;
  if (simulated(turn.state)) {
    const FlowKey key = extract(frame, in_port);
    const Layers layers{key.dl_type, key.nw_proto};
    if (!foreign(turn)) answer = read_actions(turn, actions, layers, ListOf::packet);
    if (!answer) answer = wrong_action(turn, actions, layers);
  }
  answer = packet_answer(turn, answer, false);
  turn.emit(observation::PacketOut{in_port, actions, copy(frame), false, answer});
  if (simulated(turn.state) && turn.choices.packets && !answer) packet_out(turn, in_port, frame, actions);
  return answer;
}

void run_provider(Turn& turn) {
  const std::vector<Provider::Work> queue = std::exchange(turn.state.provider.queue, {});
  for (const Provider::Work& work : queue) std::visit([&](const auto& w) { run_work(turn, w); }, work);
  if (foreign(turn)) return run_acts(turn);
  for (auto* op = next_due(turn.state); op && *op->due_ms <= turn.state.now_ms; op = next_due(turn.state)) {
    turn.hit("OP-10");
    run_work(turn, event::ProviderComplete{op->rule, {}});
  }
  if (simulated(turn.state)) expire_rules(turn);
}

bool provider_has_work(const State& state) {
  const auto due = provider_due_ms(state);
  return !state.provider.queue.empty() || (due && *due <= state.now_ms);
}

std::optional<std::uint64_t> provider_due_ms(const State& state) {
  const Operation* op = next_due(state);
  std::uint64_t at_ms = op ? *op->due_ms : kNever;
  if (simulated(state)) {
    for (const Table& table : state.tables) {
      for (const Rule& rule : table.rules) {
        if (end_of(rule) < at_ms && !held_back(state, rule)) at_ms = end_of(rule);
      }
    }
  }
  return at_ms == kNever ? std::nullopt : std::optional(at_ms);
}

}  // namespace oftwin::model

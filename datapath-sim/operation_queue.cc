#include "datapath-sim/operation_queue.h"

#include <algorithm>

#include "datapath-sim/rule.h"

namespace oftwin::sim {

oft_error to_abi(const Error& error) {
  switch (error.space) {
    case ErrorSpace::openflow:
      return OFT_ERROR_OPENFLOW(error.type, error.code);
    case ErrorSpace::nicira:
      return OFT_ERROR_NICIRA(error.type, error.code);
    case ErrorSpace::system:
      return OFT_ERROR_ERRNO(error.code);
    case ErrorSpace::none:
      break;
  }
  return OFT_OK;
}

void OperationQueue::plan(OperationKind kind, const Answer& answer) { of(kind).planned.push_back(answer); }

void OperationQueue::policy(std::optional<OperationKind> kind, const Answer& answer) {
  for (std::size_t k = 0; k < settings_.size(); ++k) {
    if (!kind || k == static_cast<std::size_t>(*kind)) settings_[k].policy = answer;
  }
}

void OperationQueue::latency(std::optional<OperationKind> kind, std::uint32_t ms) {
  for (std::size_t k = 0; k < settings_.size(); ++k) {
    if (!kind || k == static_cast<std::size_t>(*kind)) settings_[k].latency_ms = ms;
  }
}

Answer OperationQueue::next_answer(OperationKind kind) {
  Settings& s = of(kind);
  Answer answer = s.policy;
  if (!s.planned.empty()) {
    answer = s.planned.front();
    s.planned.pop_front();
  }
  const bool fails = answer.kind == AnswerKind::failed || answer.kind == AnswerKind::refused;
  if (fails && (!answer.error || kind == OperationKind::remove)) return {};
  if (answer.kind == AnswerKind::refused && kind == OperationKind::modify) answer.kind = AnswerKind::failed;
  return answer;
}

void OperationQueue::defer(Operation operation) {
  operation.started = started_++;
  if (operation.due_ms != OFT_NEVER) due_.emplace(operation.due_ms, operation.started);
  pending_.emplace(operation.started, operation);
}

Operation OperationQueue::take(std::map<std::uint64_t, Operation>::iterator at) {
  const Operation operation = at->second;
  due_.erase({operation.due_ms, operation.started});
  pending_.erase(at);
  return operation;
}

std::optional<Operation> OperationQueue::take(std::uint64_t rule_serial) {
  const auto at = std::find_if(pending_.begin(), pending_.end(),
                               [&](const auto& p) { return p.second.rule->serial == rule_serial; });
  if (at == pending_.end()) return std::nullopt;
  return take(at);
}

std::optional<Operation> OperationQueue::take_due(std::uint64_t now_ms) {
  if (due_.empty() || due_.begin()->first > now_ms) return std::nullopt;
  return take(pending_.find(due_.begin()->second));
}

std::optional<Operation> OperationQueue::take_oldest() {
  if (pending_.empty()) return std::nullopt;
  return take(pending_.begin());
}

void OperationQueue::forget(const Rule& rule) {
  take(rule.serial);
  for (auto& [started, operation] : pending_) {
    if (operation.victim == &rule) operation.victim = nullptr;
  }
}

std::uint64_t OperationQueue::next_due() const { return due_.empty() ? OFT_NEVER : due_.begin()->first; }

}  // namespace oftwin::sim

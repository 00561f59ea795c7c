#include "harness/serve/flow_budget.h"

#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kCountAgain = 4u << 20;  // bytes that may have been added

std::size_t count_flows(const model::State& state) {
  std::size_t n = 0;
  for (const model::Table& table : state.tables) n += table.rules.size();
  return n;
}

std::size_t count_action_bytes(const model::State& state) {
  std::size_t n = 0;
  for (const model::Table& table : state.tables) {
    for (const model::Rule& rule : table.rules) n += rule.actions.size();
  }
  return n;
}

EventBody policy(OperationKind kind, bool refuse) {
  event::ProviderPolicy out{kind, {}};
  if (refuse) out.answer = {AnswerKind::refused, openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL)};
  return out;
}

}  // namespace

std::vector<EventBody> FlowBudget::before(const model::State& state, std::size_t bytes, std::size_t longest) {
  const std::size_t flows = count_flows(state);
  // One message can give its actions to every flow.
  const std::size_t most = bytes + flows * longest;
  if (counted_ + unseen_ + most > action_bytes_ || unseen_ > kCountAgain) {
    counted_ = count_action_bytes(state);
    unseen_ = 0;
  }
  const bool refuse_modify = counted_ + unseen_ + most > action_bytes_;
  const bool refuse_add = flows >= flows_ || counted_ + unseen_ + bytes > action_bytes_;
  unseen_ += refuse_modify ? bytes : most;
  std::vector<EventBody> out;
  if (refuse_add != refusing_add_) out.push_back(policy(OperationKind::add, refusing_add_ = refuse_add));
  if (refuse_modify != refusing_modify_) out.push_back(policy(OperationKind::modify, refusing_modify_ = refuse_modify));
  return out;
}

}  // namespace oftwin::harness

// What every part of the switch does during a step. Invariant: nothing comes out of a dead switch.
#include "model/turn.h"

#include <algorithm>
#include <utility>

namespace oftwin::model {

void Turn::emit(Observation observation) {
  if (state.dead) return;
  begin_iteration_output();
  out.observations.push_back(std::move(observation));
}

void Turn::begin_iteration_output() {
  if (!iteration || state.dead) return;
  out.observations.push_back(observation::Iteration{*iteration});
  iteration.reset();
}

void Turn::defect(const std::string& erratum, bool fatal, const std::string& what) {
  emit(observation::Defect{erratum, fatal, what});
  if (fatal) state.dead = true;
}

Connection* Turn::connection(ConnName name) {
  for (Connection& c : state.connections) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

Group* Turn::group(std::uint32_t id) {
  for (Group& g : state.groups) {
    if (g.id == id) return &g;
  }
  return nullptr;
}

Operation* Turn::operation_on(RuleName rule) {
  for (Operation& op : state.operations) {
    if (op.rule == rule) return &op;
  }
  return nullptr;
}

Rule* Turn::rule_in_table(RuleName name) {
  for (Table& table : state.tables) {
    for (Rule& rule : table.rules) {
      if (rule.name == name) return &rule;
    }
  }
  return nullptr;
}

bool Turn::rule_exists(RuleName name) {
  for (const Operation& op : state.operations) {
    if (op.set_aside && op.set_aside->name == name) return true;
  }
  return rule_in_table(name) != nullptr;
}

std::vector<std::size_t> chosen_order(Turn& turn, const OrderQuestion& question,
                                      const std::vector<std::uint8_t>& tables) {
  std::vector<std::size_t> own(tables.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = i;
  if (!turn.choices.order || own.size() < 2) return own;
  const std::vector<std::size_t> chosen = turn.choices.order(question);
  std::vector<std::size_t> sorted = chosen;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != own) return own;
  const bool ascending =
      std::is_sorted(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) { return tables[a] < tables[b]; });
  return ascending ? chosen : own;
}

}  // namespace oftwin::model

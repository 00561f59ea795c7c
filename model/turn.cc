// What every part of the switch does during a step. Invariant: nothing comes out of a dead switch.
#include "model/turn.h"

#include <algorithm>
#include <numeric>
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

Error Turn::told(Error law, std::vector<Error> others) {
  std::erase(others, law);
  if (!law || others.empty()) return law;
  hit("MSG-20");
  if (!choices.fault) return law;
  others.insert(others.begin(), law);
  const std::size_t answer = choices.fault(others);
  return answer < others.size() ? others[answer] : law;
}

Rule* Turn::rule_in_table(RuleName name) {
  for (Table& table : state.tables) {
    if (Rule* rule = find(table.rules, name, &Rule::name)) return rule;
  }
  return nullptr;
}

bool Turn::rule_exists(RuleName name) {
  const auto holds = [&](const Operation& op) { return op.set_aside && op.set_aside->name == name; };
  return std::ranges::any_of(state.operations, holds) || rule_in_table(name) != nullptr;
}

std::vector<std::size_t> chosen_order(Turn& turn, OrderQuestion question, const std::vector<std::uint8_t>& tables) {
  std::vector<std::size_t> own(tables.size());
  std::iota(own.begin(), own.end(), 0);
  if (own.size() < 2) return own;
  turn.hit(question.about == OrderQuestion::About::rules ? ClauseId("OP-3") : ClauseId("STAT-3"));
  turn.begin_iteration_output();
  question.position = turn.position();
  if (!turn.choices.order) return own;
  const std::vector<std::size_t> chosen = turn.choices.order(question);
  std::vector<std::size_t> sorted = chosen;
  std::ranges::sort(sorted);
  const auto table = [&](std::size_t i) { return tables[i]; };
  return sorted == own && std::ranges::is_sorted(chosen, {}, table) ? chosen : own;
}

}  // namespace oftwin::model

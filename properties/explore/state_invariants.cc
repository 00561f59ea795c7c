#include "properties/explore/state_invariants.h"

#include <algorithm>

#include "model/match.h"

namespace oftwin::explore {

namespace {

using model::Connection;
using model::Group;
using model::Link;
using model::Operation;
using model::Rule;
using model::State;

bool same_flow(const Rule& a, const Rule& b) {
  return a.table == b.table && a.priority == b.priority && a.match == b.match;
}

const Rule* rule_in_table(const State& state, RuleName name) {
  for (const model::Table& table : state.tables) {
    for (const Rule& rule : table.rules) {
      if (rule.name == name) return &rule;
    }
  }
  return nullptr;
}

class StateCheck {
 public:
  explicit StateCheck(const State& state) : s_(state) {}

  InvariantSet run() {
    for (std::size_t t = 0; t < s_.tables.size(); ++t) check_table(t);
    for (std::size_t i = 0; i < s_.operations.size(); ++i) check_operation(i);
    std::size_t owned = 0;
    for (const Group& group : s_.groups) {
      check_group(group);
      owned += group.owner.has_value();
    }
    require(Invariant::group_limit, owned <= s_.config.limits.pending_groups);
    check_connections();
    for (const model::OwnRule& own : s_.own_rules) require(Invariant::own_rules_hidden, own.priority > 0xffff);
    return violated_;
  }

 private:
  void require(Invariant invariant, bool holds) {
    if (!holds) violated_.set(static_cast<std::size_t>(invariant));
  }

  void check_table(std::size_t t) {
    const std::vector<Rule>& rules = s_.tables[t].rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const Rule& rule = rules[i];
      require(Invariant::operation_in_place, rule.table == t);
      require(Invariant::own_rules_hidden, rule.priority <= 0xffff || t == 0);
      require(Invariant::canonical_matches, (rule.match.nw_tos.mask & 3) == 0);
      for (std::size_t j = i + 1; j < rules.size(); ++j) require(Invariant::no_twins, !same_flow(rule, rules[j]));
      check_name(rule.name, t, i);
    }
  }

  // No rule further on has the name.
  void check_name(RuleName name, std::size_t table, std::size_t index) {
    for (std::size_t t = table; t < s_.tables.size(); ++t) {
      for (std::size_t i = t == table ? index + 1 : 0; i < s_.tables[t].rules.size(); ++i) {
        require(Invariant::unique_names, s_.tables[t].rules[i].name != name);
      }
    }
    for (const Operation& op : s_.operations) {
      require(Invariant::unique_names, !op.set_aside || op.set_aside->name != name);
    }
  }

  void check_operation(std::size_t i) {
    const Operation& op = s_.operations[i];
    for (std::size_t j = i + 1; j < s_.operations.size(); ++j) {
      const Operation& other = s_.operations[j];
      require(Invariant::one_operation, other.rule != op.rule);
      require(Invariant::victim_set_aside,
              !op.set_aside || !other.set_aside || op.set_aside->name != other.set_aside->name);
    }
    require(Invariant::group_has_operations,
            std::any_of(s_.groups.begin(), s_.groups.end(), [&](const Group& g) { return g.id == op.group; }));
    const Rule* rule = rule_in_table(s_, op.rule);
    if (op.kind == OperationKind::remove) {
      require(Invariant::operation_in_place, !rule && op.set_aside && op.set_aside->name == op.rule);
      if (op.set_aside) check_deletion(*op.set_aside);
      return;
    }
    require(Invariant::operation_in_place, rule != nullptr);
    require(Invariant::victim_set_aside, op.kind == OperationKind::add || !op.set_aside);
    if (op.set_aside) {
      require(Invariant::victim_set_aside,
              rule && same_flow(*rule, *op.set_aside) && !rule_in_table(s_, op.set_aside->name));
    }
  }

  void check_deletion(const Rule& going) {
    if (going.table >= s_.tables.size()) return;
    for (const Rule& rule : s_.tables[going.table].rules) {
      require(Invariant::no_twin_of_deletion, !same_flow(rule, going));
    }
  }

  void check_group(const Group& group) {
    const bool working = std::any_of(s_.operations.begin(), s_.operations.end(),
                                     [&](const Operation& op) { return op.group == group.id; });
    require(Invariant::group_has_operations, working && group.submitted);
    if (!group.linked) return;
    const auto owner = std::find_if(s_.connections.begin(), s_.connections.end(),
                                    [&](const Connection& c) { return c.name == group.owner; });
    require(Invariant::owner_is_there, owner != s_.connections.end() && (owner->link == Link::up || owner->ended));
  }

  void check_connections() {
    std::size_t masters = 0;
    for (const Connection& c : s_.connections) {
      masters += c.role == model::Role::master;
      const bool forgotten = c.link == Link::down && !c.ended;
      require(Invariant::gone_is_forgotten, !forgotten || (!c.blocked && c.inbox.empty() && c.partial.empty()));
    }
    require(Invariant::one_master, masters <= 1);
  }

  const State& s_;
  InvariantSet violated_;
};

bool waits_for_its_peer(const State& state, const Connection& c) {
  return c.unsent >= state.config.limits.unsent_replies;
}

}  // namespace

InvariantSet violated_in(const State& state) { return StateCheck(state).run(); }

bool stuck(const State& state, bool wants_to_run) {
  if (state.dead || wants_to_run || !state.operations.empty() || !state.provider.queue.empty()) return false;
  if (state.flushing || !state.own_rules.empty()) return true;
  return std::any_of(state.connections.begin(), state.connections.end(), [&](const Connection& c) {
    if (waits_for_its_peer(state, c)) return false;
    return c.blocked || c.ended || (c.link == Link::up && (!c.inbox.empty() || c.peer_closed));
  });
}

Distance distance(const State& state) {
  Distance d;
  d.messages = state.own_rules.size();
  for (const Connection& c : state.connections) {
    d.messages += 2 * c.inbox.size() + c.blocked.has_value();
    d.work += (c.link == Link::waiting) + (c.link == Link::accepted) + 2 * c.peer_closed + 2 * c.broken + c.ended;
    d.retries += c.blocked && c.retry;
  }
  d.retries += state.own_retry;
  for (const auto& work : state.provider.queue) {
    // What is not the end of an operation may start one.
    ++(std::holds_alternative<event::ProviderComplete>(work) ? d.work : d.messages);
  }
  for (const Operation& op : state.operations) d.rules += op.kind == OperationKind::remove ? 1 : 3;
  if (state.flushing) {
    for (const model::Table& table : state.tables) d.rules += 2 * table.rules.size();
    d.rules += 1;
  }
  return d;
}

}  // namespace oftwin::explore

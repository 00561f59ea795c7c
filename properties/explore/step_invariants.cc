#include "properties/explore/step_invariants.h"

#include <algorithm>
#include <optional>

#include "properties/explore/ledger.h"
#include "properties/explore/state_invariants.h"
#include "spec/openflow.h"

namespace oftwin::explore {

namespace {

namespace ob = observation;
using model::Connection;
using model::Operation;
using model::Rule;
using model::State;

const Rule* rule_in_table(const State& state, RuleName name) {
  for (const model::Table& table : state.tables) {
    for (const Rule& rule : table.rules) {
      if (rule.name == name) return &rule;
    }
  }
  return nullptr;
}

const Operation* operation_on(const State& state, RuleName name) {
  for (const Operation& op : state.operations) {
    if (op.rule == name) return &op;
  }
  return nullptr;
}

template <class F>
void for_each_rule(const State& state, F f) {
  for (const model::Table& table : state.tables) {
    for (const Rule& rule : table.rules) f(rule);
  }
}

// Every rule that exists: in a table or set aside.
std::vector<RuleName> rules_alive(const State& state) {
  std::vector<RuleName> names;
  for_each_rule(state, [&](const Rule& rule) { names.push_back(rule.name); });
  for (const Operation& op : state.operations) {
    if (op.set_aside) names.push_back(op.set_aside->name);
  }
  return names;
}

// --- What the provider holds: rules with the actions that it has accepted ------------------------------------------

struct Held {
  RuleName rule;
  const Bytes* actions;
};
class Holdings {
 public:
  explicit Holdings(const State& state) {
    for_each_rule(state, [&](const Rule& rule) {
      const Operation* op = operation_on(state, rule.name);
      if (!op) put(rule.name, rule.actions);
      if (op && op->kind == OperationKind::modify) put(rule.name, op->old_actions);
    });
    for (const Operation& op : state.operations) {
      if (op.set_aside) put(op.set_aside->name, op.set_aside->actions);
    }
  }
  void put(RuleName rule, const Bytes& actions) {
    drop(rule);
    held_.push_back({rule, &actions});
  }
  void drop(RuleName rule) {
    std::erase_if(held_, [&](const Held& h) { return h.rule == rule; });
  }
  bool same_as(const Holdings& other) const {
    return held_.size() == other.held_.size() && std::all_of(held_.begin(), held_.end(), [&](const Held& h) {
             return std::any_of(other.held_.begin(), other.held_.end(),
                                [&](const Held& o) { return o.rule == h.rule && *o.actions == *h.actions; });
           });
  }

 private:
  std::vector<Held> held_;
};

class StepCheck {
 public:
  StepCheck(const Step& step, std::vector<Violation>& found) : s_(step), found_(found) {}

  void run() {
    for (const Observation& o : s_.seen) {
      if (const auto* defect = std::get_if<ob::Defect>(&o)) report(Invariant::no_defect, defect->what);
      if (const auto* send = std::get_if<ob::Send>(&o)) check_length(send->bytes);
    }
    if (s_.after.dead && !s_.after.destroyed) return;
    check_balance();
    check_provider();
    check_failures();
    if (s_.after.dead) return;
    check_ledger(s_, found_);
    check_own_rules();
    check_loop();
  }

 private:
  void report(Invariant invariant, std::string detail) { found_.push_back({invariant, std::move(detail)}); }

  void check_length(const Bytes& message) {
    if (message.size() < 8 || (message[2] << 8 | message[3]) != static_cast<int>(message.size())) {
      report(Invariant::length_is_length, "a message of another length than its header says");
    }
  }

  void check_balance() {
    std::vector<RuleName> alive = rules_alive(s_.before);
    for (const Observation& o : s_.seen) {
      if (const auto* alloc = std::get_if<ob::Alloc>(&o); alloc && !alloc->failed) alive.push_back(alloc->rule);
      const auto* dealloc = std::get_if<ob::Dealloc>(&o);
      if (!dealloc) continue;
      const auto it = std::find(alive.begin(), alive.end(), dealloc->rule);
      if (it == alive.end()) return report(Invariant::balance, "a rule is given back that does not exist");
      alive.erase(it);
    }
    std::vector<RuleName> now = rules_alive(s_.after);
    std::sort(alive.begin(), alive.end());
    std::sort(now.begin(), now.end());
    if (alive != now) report(Invariant::balance, "the rules that exist are not those that have not been given back");
  }

  // The operation that a completion ends was started before this step, or in it.
  const ob::Operation* started(RuleName rule, std::size_t before) const {
    for (std::size_t i = before; i-- > 0;) {
      const auto* op = std::get_if<ob::Operation>(&s_.seen[i]);
      if (op && op->rule == rule) return op;
    }
    return nullptr;
  }

  void check_provider() {
    Holdings held(s_.before);
    for (std::size_t i = 0; i < s_.seen.size(); ++i) {
      if (const auto* remaining = std::get_if<ob::Remaining>(&s_.seen[i])) held.drop(remaining->rule);
      const auto* end = std::get_if<ob::Complete>(&s_.seen[i]);
      if (!end || (end->error && end->kind != OperationKind::remove)) continue;
      if (end->kind == OperationKind::remove) {
        held.drop(end->rule);
        continue;
      }
      const ob::Operation* op = started(end->rule, i);
      const Operation* old = op ? nullptr : operation_on(s_.before, end->rule);
      const Rule* rule = op ? nullptr : rule_in_table(s_.before, end->rule);
      if (op && op->victim) held.drop(*op->victim);
      if (old && old->kind == OperationKind::add && old->set_aside) held.drop(old->set_aside->name);
      if (op || rule) held.put(end->rule, op ? op->actions : rule->actions);
    }
    if (!held.same_as(Holdings(s_.after))) {
      report(Invariant::provider_agrees, "the tables hold something else than the provider has accepted");
    }
  }

  // Something happens to the rule, or a flow-mod is handled, after observation `i`.
  bool touched_after(RuleName rule, std::size_t i) const {
    for (++i; i < s_.seen.size(); ++i) {
      const Observation& o = s_.seen[i];
      if (const auto* op = std::get_if<ob::Operation>(&o); op && (op->rule == rule || op->victim == rule)) return true;
      if (const auto* end = std::get_if<ob::Complete>(&o); end && end->rule == rule) return true;
      if (const auto* remaining = std::get_if<ob::Remaining>(&o); remaining && remaining->rule == rule) return true;
      if (const auto* take = std::get_if<ob::Take>(&o); take && changes_flows(take->type)) return true;
      if (const auto* retry = std::get_if<ob::Retry>(&o); retry && changes_flows(retry->type)) return true;
    }
    return false;
  }
  // Before observation `i`, which belongs to one message's handling, another one was handled, or the rule's operation
  // ended: what the rule was then does not stand in the state before the step.
  bool touched_before(RuleName rule, std::size_t i) const {
    std::size_t handled = 0;
    for (std::size_t k = 0; k < i; ++k) {
      const auto* take = std::get_if<ob::Take>(&s_.seen[k]);
      const auto* retry = std::get_if<ob::Retry>(&s_.seen[k]);
      handled += (take && changes_flows(take->type)) || (retry && changes_flows(retry->type));
      const auto* end = std::get_if<ob::Complete>(&s_.seen[k]);
      if (end && end->rule == rule) return true;
    }
    return handled > 1;
  }
  static bool changes_flows(std::uint8_t type) { return type == OFPT_FLOW_MOD || type == OFPT_VENDOR; }

  void check_failures() {
    for (std::size_t i = 0; i < s_.seen.size(); ++i) {
      if (const auto* end = std::get_if<ob::Complete>(&s_.seen[i]); end && end->error) {
        if (end->kind != OperationKind::remove) check_failure(end->kind, end->rule, i);
      }
      const auto* op = std::get_if<ob::Operation>(&s_.seen[i]);
      if (op && op->answer.kind == AnswerKind::refused) check_failure(op->kind, op->rule, i);
    }
  }

  void check_failure(OperationKind kind, RuleName rule, std::size_t i) {
    if (s_.after.dead) return;
    const ob::Operation* op = started(rule, i + 1);
    const Operation* old = op ? nullptr : operation_on(s_.before, rule);
    std::optional<Rule> as_it_was;
    if (kind == OperationKind::add) {
      if (rule_in_table(s_.after, rule)) return report(Invariant::failure_leaves_no_trace, "a rule stays that failed");
      if (old) as_it_was = old->set_aside;
      if (op && op->victim) {
        if (const Rule* victim = rule_in_table(s_.before, *op->victim)) as_it_was = *victim;
      }
    } else if (const Rule* present = rule_in_table(s_.before, rule)) {
      as_it_was = *present;
      if (old) as_it_was->actions = old->old_actions, as_it_was->cookie = old->old_cookie;
    }
    if (!as_it_was || touched_after(as_it_was->name, i)) return;
    if (!old && touched_before(as_it_was->name, i)) return;
    const Rule* now = rule_in_table(s_.after, as_it_was->name);
    if (!now || *now != *as_it_was) {
      report(Invariant::failure_leaves_no_trace, "after a failed operation a rule is not what it was");
    }
  }

  // Scopes know one match of such rules: everything.
  static const Rule* own_rule(const State& state, std::uint32_t priority) {
    if (state.tables.empty()) return nullptr;
    for (const Rule& rule : state.tables[0].rules) {
      if (rule.priority == priority) return &rule;
    }
    return nullptr;
  }
  bool provider_said_no() const {
    return std::any_of(s_.seen.begin(), s_.seen.end(), [](const Observation& o) {
      if (const auto* alloc = std::get_if<ob::Alloc>(&o)) return alloc->failed;
      if (const auto* op = std::get_if<ob::Operation>(&o)) return bool{op->answer.error};
      if (const auto* choice = std::get_if<ob::ChooseTable>(&o)) return choice->answer.index() == 1;
      return false;
    });
  }
  bool waits(std::uint32_t priority, const Bytes& actions) const {
    return std::any_of(s_.after.own_rules.begin(), s_.after.own_rules.end(), [&](const model::OwnRule& own) {
      return own.priority == priority && own.actions == actions && !own.unwanted;
    });
  }
  void check_own_rules() {
    if (provider_said_no() || s_.after.flushing) return;
    if (const auto* wanted = std::get_if<event::HiddenAdd>(&s_.event.body)) {
      const Rule* now = own_rule(s_.after, wanted->priority);
      if (!(now && now->actions == wanted->actions) && !waits(wanted->priority, wanted->actions)) {
        report(Invariant::own_rule_kept, "a rule of the switch's own is lost");
      }
    }
    if (!std::holds_alternative<event::Loop>(s_.event.body)) return;
    for (const model::OwnRule& own : s_.before.own_rules) {
      if (own.unwanted || waits(own.priority, own.actions) || own_rule(s_.after, own.priority)) continue;
      report(Invariant::own_rule_kept, "a rule of the switch's own that waited is lost");
    }
  }

  // Permission to try again is worth nothing to who has nothing to try, or may not while the switch is flushing.
  static State at_rest(State state) {
    for (Connection& c : state.connections) c.retry = c.retry && c.blocked && !state.flushing;
    state.own_retry = state.own_retry && !state.flushing;
    return state;
  }

  void check_loop() {
    if (!std::holds_alternative<event::Loop>(s_.event.body)) return;
    if (!s_.wanted_to_run) {
      // A flush calls its hook in every iteration, which by itself is nothing.
      const bool silent = std::all_of(s_.seen.begin(), s_.seen.end(), [](const Observation& o) {
        return std::holds_alternative<ob::Wake>(o) || std::holds_alternative<ob::Iteration>(o) ||
               std::holds_alternative<ob::FlushPass>(o);
      });
      if (!silent || at_rest(s_.before) != at_rest(s_.after))
        report(Invariant::sleeper_has_no_work, "the loop slept with work at hand");
    } else if (distance(s_.after) >= distance(s_.before)) {
      report(Invariant::no_idle_spinning, "the loop ran because it asked to, and is no nearer to rest");
    }
  }

  const Step& s_;
  std::vector<Violation>& found_;
};

}  // namespace

void check_step(const Step& step, std::vector<Violation>& found) { StepCheck(step, found).run(); }

}  // namespace oftwin::explore

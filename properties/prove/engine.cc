#include <algorithm>
#include <stdexcept>

#include "properties/prove/word.h"

namespace oftwin::prove {

namespace {

Engine* current = nullptr;

}  // namespace

Engine& engine() {
  if (current == nullptr) throw std::logic_error("an unknown word outside of a proof");
  return *current;
}

z3::expr is_zero(const z3::expr& term) {
  if (!term.is_app()) return term == term.ctx().bv_val(0, term.get_sort().bv_size());
  switch (term.decl().decl_kind()) {
    case Z3_OP_BOR: {
      z3::expr_vector parts(term.ctx());
      for (unsigned i = 0; i < term.num_args(); ++i) parts.push_back(is_zero(term.arg(i)));
      return z3::mk_and(parts);
    }
    case Z3_OP_BXOR:
      if (term.num_args() == 2) return term.arg(0) == term.arg(1);
      break;
    case Z3_OP_ZERO_EXT:
      return is_zero(term.arg(0));
    default:
      break;
  }
  return term == term.ctx().bv_val(0, term.get_sort().bv_size());
}

z3::expr Engine::input(const std::string& name, unsigned bits) {
  const auto found = std::ranges::find(inputs_, name, &std::pair<std::string, z3::expr>::first);
  if (found != inputs_.end()) return found->second;
  return inputs_.emplace_back(name, context_.bv_const(name.c_str(), bits)).second;
}

void Engine::assume(const z3::expr& condition) {
  if (asked_ != 0) throw std::logic_error("an assumption after a decision");
  path_ = path_ && condition;
  solver_.add(condition);
}

bool Engine::possible(const z3::expr& condition, Example& example) {
  ++questions_;
  z3::expr_vector wanted(context_);
  wanted.push_back(condition);
  const z3::check_result result = solver_.check(wanted);
  if (result == z3::unsat) {
    impossible_.push_back(path_ && condition);
    return false;
  }
  example.reset();
  if (result == z3::sat && remember_) example = solver_.get_model();
  return true;  // unknown, too: a path too many does no harm
}

// Which answer the present path takes; the other one is noted if it is possible.
bool Engine::ask(const z3::expr& condition) {
  Example other;
  if (example_) {
    const z3::expr value = example_->eval(condition, true);
    if (value.is_true() || value.is_false()) {
      const bool answer = value.is_true();
      if (possible(answer ? !condition : condition, other)) {
        open_.push_back({answers_, std::move(other)});
        open_.back().answers.push_back(!answer);
      }
      return answer;
    }
  }
  if (!possible(condition, example_)) return false;
  if (possible(!condition, other)) {
    open_.push_back({answers_, std::move(other)});
    open_.back().answers.push_back(false);
  }
  return true;
}

bool Engine::decide(const z3::expr& condition) {
  const z3::expr simple = condition.simplify();
  if (simple.is_true()) return true;
  if (simple.is_false()) return false;
  if (asked_ == answers_.size()) answers_.push_back(ask(simple));
  const bool answer = answers_[asked_++];
  const z3::expr fact = answer ? simple : !simple;
  path_ = path_ && fact;
  solver_.add(fact);
  return answer;
}

void Engine::start(Open open) {
  answers_ = std::move(open.answers);
  example_ = std::move(open.example);
  asked_ = 0;
  path_ = required_ = about_ = context_.bool_val(true);
  solver_.reset();
}

void Engine::explore(const std::function<z3::expr()>& code, const std::function<bool(const Path&)>& seen) {
  struct Working {
    Engine* outer;
    explicit Working(Engine* engine) : outer(std::exchange(current, engine)) {}
    ~Working() { current = outer; }
  } const working(this);
  open_ = {Open{}};
  while (!open_.empty()) {
    Open next = std::move(open_.back());
    open_.pop_back();
    start(std::move(next));
    const z3::expr goal = code();
    ++paths_;
    if (!seen({path_, goal && required_, about_})) return;
  }
}

}  // namespace oftwin::prove

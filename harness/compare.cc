#include "harness/compare.h"

#include <span>
#include <utility>

#include "harness/match_spelling.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// The rules that an observation names.
template <class Visit>
void each_rule_name(Observation& o, Visit visit) {
  if (auto* op = std::get_if<ob::Operation>(&o)) {
    visit(op->rule);
    if (op->victim) visit(*op->victim);
  } else if (auto* complete = std::get_if<ob::Complete>(&o)) {
    visit(complete->rule);
  } else if (auto* alloc = std::get_if<ob::Alloc>(&o)) {
    visit(alloc->rule);
  } else if (auto* dealloc = std::get_if<ob::Dealloc>(&o)) {
    visit(dealloc->rule);
  } else if (auto* execute = std::get_if<ob::Execute>(&o)) {
    visit(execute->rule);
  } else if (auto* remaining = std::get_if<ob::Remaining>(&o)) {
    visit(remaining->rule);
  } else if (auto* flow = std::get_if<ob::DumpedFlow>(&o)) {
    visit(flow->rule);
  } else if (auto* lookup = std::get_if<ob::Lookup>(&o)) {
    if (lookup->rule) visit(*lookup->rule);
  }
}

// A subject that counts further than this within one trace is lying.
constexpr std::uint32_t kMaxRules = 1u << 24;

// Two messages that say the same, though they may spell their matches otherwise.
bool same_but_spelling(const Observation& want, const Observation& got) {
  const auto *wanted = std::get_if<ob::Send>(&want), *sent = std::get_if<ob::Send>(&got);
  if (!wanted || !sent || wanted->conn != sent->conn || wanted->bytes.size() != sent->bytes.size()) return false;
  Bytes a = wanted->bytes, b = sent->bytes;
  return settle_matches(a) && settle_matches(b) && a == b;
}

const ob::Operation* as_construct(const Observation& o) {
  const auto* op = std::get_if<ob::Operation>(&o);
  return op && op->kind == OperationKind::add ? op : nullptr;
}

}  // namespace

void RuleNames::clear() {
  model_.clear();
  provisional_.clear();
}

void RuleNames::bind(RuleName provisional, RuleName model) {
  if (provisional.event != 0 || provisional.index >= kMaxRules) return;
  if (provisional.index >= model_.size()) model_.resize(provisional.index + 1);
  model_[provisional.index] = model;
  provisional_[rule_key(model)] = provisional.index;
}

RuleName RuleNames::to_model(RuleName provisional) const {
  if (provisional.event != 0 || provisional.index >= model_.size()) return provisional;
  const RuleName model = model_[provisional.index];
  return model == RuleName{} ? provisional : model;
}

RuleName RuleNames::to_subject(RuleName model) const {
  const auto found = provisional_.find(rule_key(model));
  return found == provisional_.end() ? RuleName{} : RuleName{0, found->second};
}

void AllocBalance::clear() {
  lives_.clear();
  live_ = 0;
}

AllocBalance::Life& AllocBalance::life(RuleName provisional) {
  // Slot 0 stands for every name that can't be one of the subject's own.
  const std::size_t slot = provisional.event == 0 && provisional.index < kMaxRules ? provisional.index : 0;
  if (slot >= lives_.size()) lives_.resize(slot + 1);
  if (slot == 0) lives_[0] = Life::unknown;
  return lives_[slot];
}

bool AllocBalance::constructed(RuleName provisional) const {
  if (provisional.index >= lives_.size()) return false;
  const Life l = lives_[provisional.index];
  return l == Life::constructed || l == Life::freed_constructed;
}

const char* AllocBalance::check(const Observation& o) {
  if (const auto* alloc = std::get_if<ob::Alloc>(&o)) {
    if (alloc->failed) return nullptr;
    if (std::exchange(life(alloc->rule), Life::allocated) != Life::unknown) return "a rule is allocated twice";
    ++live_;
  } else if (const auto* dealloc = std::get_if<ob::Dealloc>(&o)) {
    Life& l = life(dealloc->rule);
    if (l != Life::allocated && l != Life::constructed) return "a rule that is not allocated is given back";
    l = l == Life::constructed ? Life::freed_constructed : Life::freed;
    --live_;
  } else if (const auto* op = std::get_if<ob::Operation>(&o)) {
    Life& l = life(op->rule);
    if (l != Life::allocated && l != Life::constructed) return "an operation on a rule that is not allocated";
    if (op->kind == OperationKind::add) l = Life::constructed;
  } else if (const auto* execute = std::get_if<ob::Execute>(&o)) {
    const Life l = life(execute->rule);
    if (l != Life::allocated && l != Life::constructed) return "a packet through a rule that is not allocated";
  }
  return nullptr;
}

void Comparison::reset(const Subject& subject, unsigned channels, AllocRule alloc_rule) {
  subject_ = &subject;
  channels_ = channels;
  aligned_ = subject.conduct() != nullptr;
  const bool alloc_shown = (channels & bit(Channel::alloc)) != 0;
  balanced_ = alloc_shown && alloc_rule == AllocRule::balanced;
  exact_alloc_ = alloc_shown && alloc_rule == AllocRule::exact;
  names_.clear();
  balance_.clear();
  constructed_.clear();
  differs_ = false;
  imbalance_ = nullptr;
}

void Comparison::begin(std::vector<Observation>& want, std::vector<Observation>& got) {
  want_ = &want;
  got_ = &got;
  want_at_ = got_at_ = 0;
  held_.clear();
  differs_ = false;
  imbalance_ = nullptr;
  keep_compared(got);
}

// A provider of somebody else's decides which of its allocations fail, so a failed one has its place.
bool Comparison::unplaced(const Observation& o) const {
  const auto* alloc = std::get_if<ob::Alloc>(&o);
  return balanced_ && alloc && !(aligned_ && alloc->failed);
}

// Drops from `got` what is not compared; checks the balance of allocations on the way.
void Comparison::keep_compared(std::vector<Observation>& got) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    Observation& o = got[i];
    if (!compared(o)) continue;
    if (balanced_) {
      if (const char* wrong = balance_.check(o); wrong && !imbalance_) imbalance_ = wrong;
      if (unplaced(o)) continue;
      const auto* dealloc = std::get_if<ob::Dealloc>(&o);
      if (dealloc && !balance_.constructed(dealloc->rule)) continue;
      if (std::holds_alternative<ob::DeallocSwitch>(o) && !balance_.all_freed() && !imbalance_) {
        imbalance_ = "rules are never given back";
      }
    }
    if (kept != i) got[kept] = std::move(o);
    ++kept;
  }
  got.resize(kept);
}

bool Comparison::skip_wanted(const Observation& o) {
  if (!compared(o)) return true;
  if (!balanced_) return false;
  if (const auto* op = as_construct(o)) constructed_.insert(rule_key(op->rule));
  if (const auto* dealloc = std::get_if<ob::Dealloc>(&o)) return constructed_.erase(rule_key(dealloc->rule)) == 0;
  return unplaced(o);
}

bool Comparison::same(Observation& want, Observation& got) {
  subject_->project(want);
  if (auto* g = std::get_if<ob::Alloc>(&got)) {
    const auto* w = std::get_if<ob::Alloc>(&want);
    if (w && w->failed && g->failed) g->rule = w->rule;  // what was not allocated has no name
    if (w && !w->failed && !g->failed) names_.bind(g->rule, w->rule);
  } else if (!exact_alloc_) {
    const auto *wanted = as_construct(want), *constructed = as_construct(got);
    if (wanted && constructed) names_.bind(constructed->rule, wanted->rule);
  }
  translate(got);
  return want == got || same_but_spelling(want, got);
}

void Comparison::translate(Observation& o) const {
  each_rule_name(o, [this](RuleName& n) { n = names_.to_model(n); });
}

std::vector<Observation> Comparison::wanted() const {
  std::vector<Observation> out;
  for (const std::size_t i : held_) out.push_back((*want_)[i]);
  for (std::size_t i = want_at_; i < want_->size(); ++i) {
    const Observation& o = (*want_)[i];
    if (compared(o) && !unplaced(o)) out.push_back(o);
  }
  return out;
}

void Comparison::catch_up(std::size_t want_end) {
  while (!differs_ && want_at_ < want_end) {
    if (!skip_wanted((*want_)[want_at_])) {
      if (aligned_ && got_at_ < got_->size()) {
        subject_->align((*want_)[want_at_], std::span(*got_).subspan(got_at_));
      }
      if (got_at_ == got_->size() || !same((*want_)[want_at_], (*got_)[got_at_])) {
        differs_ = true;
        return;
      }
      ++got_at_;
      held_.push_back(want_at_);
    }
    ++want_at_;
  }
}

bool Comparison::finish() {
  catch_up(want_->size());
  if (got_at_ < got_->size() || imbalance_) differs_ = true;
  return !differs_;
}

}  // namespace oftwin::harness

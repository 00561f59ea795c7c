#include "properties/explore/refinement.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "harness/trace_text.h"
#include "properties/explore/alphabet.h"
#include "properties/explore/path.h"

namespace oftwin::explore {

namespace {

struct Hash {
  std::size_t operator()(const Fingerprint& f) const { return f.a; }
};

// A state that has been reached, by what it takes beyond its parent.
struct Node {
  std::uint32_t parent = 0;
  unsigned depth = 0;
  std::vector<Event> step;
};

// The answers to the operations that one event starts, one after the other; each is `done` unless planned.
class Plan {
 public:
  explicit Plan(const Alphabet& alphabet) : alphabet_(alphabet) {}

  void begin() { picks_.clear(); }
  std::vector<Event> events() const {
    std::vector<Event> out;
    for (const auto kind : {OperationKind::add, OperationKind::modify, OperationKind::remove}) {
      event::ProviderPlan plan{kind, {}};
      for (const Pick& p : picks_) {
        if (p.kind == kind) plan.answers.push_back(alphabet_.answers(kind)[p.taken]);
      }
      if (!plan.answers.empty()) out.push_back({0, std::move(plan)});
    }
    return out;
  }
  // What was really asked; goes on to the next plan. False: that was the last.
  bool next(const std::vector<Observation>& seen) {
    std::size_t asked = 0;
    for (const Observation& o : seen) {
      const auto* op = std::get_if<observation::Operation>(&o);
      if (op && ++asked > picks_.size()) picks_.push_back({op->kind, 0});
    }
    while (!picks_.empty() && picks_.back().taken + 1 == alphabet_.answers(picks_.back().kind).size()) {
      picks_.pop_back();
    }
    if (picks_.empty()) return false;
    ++picks_.back().taken;
    return true;
  }

 private:
  struct Pick {
    OperationKind kind;
    std::size_t taken;
  };
  const Alphabet& alphabet_;
  std::vector<Pick> picks_;
};

class Refinement {
 public:
  Refinement(const Scope& scope, harness::Subject& subject)
      : config_(config_of(scope)),
        alphabet_(scope),
        plan_(alphabet_),
        canonical_(alphabet_.words()),
        lockstep_(subject, {}) {}

  RefinementResult run(std::uint64_t states, unsigned depth,
                       const std::function<void(const RefinementResult&)>& progress,
                       const std::function<bool()>& enough) {
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    nodes_.push_back({0, 0, alphabet_.preamble()});
    if (drive(0, {})) seen_.insert(canonical_(lockstep_.state()));
    std::uint32_t next = 0;
    for (; next < nodes_.size() && next < states && !result_.divergence; ++next) {
      if (depth != 0 && nodes_[next].depth >= depth) break;
      if (enough && enough()) break;
      expand(next);
      result_.states = nodes_.size();
      result_.left = nodes_.size() - next - 1;
      result_.seconds = seconds();
      if (progress && next % 1024 == 0) progress(result_);
    }
    result_.exhausted = next == nodes_.size() && !result_.divergence;
    result_.seconds = seconds();
    return std::move(result_);
  }

 private:
  // Both sides from their beginning to the node's state and through `more`. False after a divergence.
  bool drive(std::uint32_t node, const std::vector<Event>& more) {
    way_.clear();
    for (std::uint32_t n = node;; n = nodes_[n].parent) {
      way_.push_back(&nodes_[n].step);
      if (n == 0) break;
    }
    lockstep_.start(config_);
    std::uint32_t id = 0;
    const auto drive_all = [&](const std::vector<Event>& events) {
      for (const Event& e : events) {
        ++result_.replayed;
        if (auto divergence = lockstep_.advance(e)) {
          result_.divergence = std::move(divergence);
          return false;
        }
        id = std::max(id, e.id);
      }
      return true;
    };
    for (auto it = way_.rbegin(); it != way_.rend(); ++it) {
      if (!drive_all(**it)) return diverged(more);
    }
    last_id_ = id;
    return drive_all(more) || diverged(more);
  }

  bool diverged(const std::vector<Event>& more) {
    harness::Trace& trace = result_.trace;
    trace.config = config_;
    for (auto it = way_.rbegin(); it != way_.rend(); ++it)
      trace.events.insert(trace.events.end(), (*it)->begin(), (*it)->end());
    trace.events.insert(trace.events.end(), more.begin(), more.end());
    harness::make_blocks(trace);
    return false;
  }

  void expand(std::uint32_t node) {
    if (!drive(node, {})) return;
    canonical_(lockstep_.state());
    std::vector<Event> enabled;
    for (const Event* e : alphabet_.enabled(lockstep_.state(), canonical_)) enabled.push_back(*e);
    const std::uint32_t id = last_id_ + 4;  // room for plans before it
    for (Event& e : enabled) {
      e.id = std::holds_alternative<event::Loop>(e.body) ? 0 : id;
      plan_.begin();
      do {
        std::vector<Event> step = plan_.events();
        for (std::size_t i = 0; i < step.size(); ++i) step[i].id = last_id_ + 1 + static_cast<std::uint32_t>(i);
        step.push_back(e);
        if (!drive(node, step)) return;
        ++result_.steps;
        if (!seen_.insert(canonical_(lockstep_.state())).second) continue;
        nodes_.push_back({node, nodes_[node].depth + 1, std::move(step)});
        result_.depth = nodes_.back().depth;
      } while (plan_.next(lockstep_.wanted()));
    }
  }

  const SwitchConfig config_;
  Alphabet alphabet_;
  Plan plan_;
  Canonical canonical_;
  harness::Lockstep lockstep_;
  std::vector<Node> nodes_;
  std::unordered_set<Fingerprint, Hash> seen_;
  std::vector<const std::vector<Event>*> way_;
  std::uint32_t last_id_ = 0;
  RefinementResult result_;
};

}  // namespace

RefinementResult refine(const Scope& scope, harness::Subject& subject, std::uint64_t states, unsigned depth,
                        const std::function<void(const RefinementResult&)>& progress,
                        const std::function<bool()>& enough) {
  return Refinement(scope, subject).run(states, depth, progress, enough);
}

}  // namespace oftwin::explore

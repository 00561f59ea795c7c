// The lockstep: drives the model and a subject through the same events and stops at the first difference.
//
// For each event: got = subject.drive(event); want = model::step(state, event, choices read from got); compare.
// The subject goes first, because where the specification leaves a freedom the model follows the subject's choice.
//
// Invariant: after an event without a difference, model and subject have been through the same history, and every rule
// that the subject has shown is paired with one of the model's.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "harness/compare.h"
#include "harness/subject/subject.h"
#include "model/step.h"

namespace oftwin::harness {

using ClauseSet = std::bitset<kMaxClauses>;

// The first event at which subject and model differ.
struct Divergence {
  std::size_t event_index = 0;  // into the events of the run
  // What the model wanted and what the subject did instead; nullopt: nothing. Rules have the model's names as far as
  // they are paired.
  std::optional<Observation> want, got;
  std::string note;  // when the difference is not one of two observations
  // Everything compared at that event, and where in `gots` the difference is.
  std::vector<Observation> wants, gots;
  std::size_t place = 0;
  ClauseSet clauses;  // that the model hit at that event
  ClauseSet earlier;  // that it hit before
  ClauseSet before;   // those of them that were new at the last event that had new ones
};

// What has been judged so far. A checked message is a controller-to-switch message that both sides handled and whose
// every consequence was compared.
struct Stats {
  std::uint64_t events = 0, messages = 0, observations = 0;
  ClauseSet clauses;
  Stats& operator+=(const Stats& other);
};

struct LockstepOptions {
  model::Errata errata = {};                   // the model's edition
  unsigned channels = ~0u;                     // those of the subject that are compared
  AllocRule alloc_rule = AllocRule::balanced;  // exact for a recording of the same edition
  // The subject knows better than the trace what its provider answered (a recording). Otherwise both sides are given
  // the same plan, and a wrong answer is a difference.
  bool answers_from_subject = false;
  // Measure where the time goes (slows the run by about 0.1 us an event).
  bool timed = false;
};

// Seconds spent since reset_times().
struct LockstepTimes {
  double subject = 0, model = 0, compare = 0;
};

class Lockstep {
 public:
  // `subject` outlives this.
  Lockstep(Subject& subject, LockstepOptions options);
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  // start() and then advance() over all events. throws SubjectLost.
  std::optional<Divergence> run(const SwitchConfig& config, std::span<const Event> events);

  // Both sides at their beginning. Statistics go on.
  void start(const SwitchConfig& config);
  // One event on both sides. After a divergence only start() makes sense, or adopt_names() if it is known by other
  // means that both sides are at one again. throws SubjectLost.
  std::optional<Divergence> advance(const Event& event);

  const Stats& stats() const { return stats_; }
  const LockstepTimes& times() const { return times_; }
  const model::State& state() const { return state_; }
  const RuleNames& names() const { return comparison_.names(); }
  void adopt_names(const RuleNames& names) { comparison_.adopt_names(names); }
  // Of the last event: everything that the model let out, and the compared part of what the subject did.
  const std::vector<Observation>& wanted() const { return outcome_.observations; }
  const std::vector<Observation>& got() const { return got_; }
  const ClauseSet& clauses_hit() const { return outcome_.clauses; }

 private:
  void drive(const Event& event);
  std::span<const Observation> got_at(std::size_t position);
  std::vector<std::size_t> choose_order(const model::OrderQuestion& question);
  Answer choose_answer(const model::AnswerQuestion& question);
  std::optional<model::ProviderAct> choose_act(std::size_t position);
  bool no_memory(std::size_t position);
  std::optional<std::variant<std::uint8_t, Error>> choose_table(std::size_t position);
  Divergence broken_contract(const Conduct::Breach& breach) const;
  Divergence divergence() const;

  Subject& subject_;
  const LockstepOptions options_;
  model::Choices choices_;
  model::State state_;
  model::Outcome outcome_;
  std::vector<Observation> got_;
  Comparison comparison_;
  std::size_t next_event_ = 0;
  std::size_t acts_run_ = 0, acts_done_ = 0;  // what the model has been told of the provider's conduct
  ClauseSet run_clauses_, new_clauses_;  // since start(), and at the last event that had new ones; not of this event
  Stats stats_;
  LockstepTimes times_;
};

}  // namespace oftwin::harness

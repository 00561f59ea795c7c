// Compares what the model wanted with what the subject did, for one event, in one pass and as early as possible.
//
// Both sides name rules in their own way: the model after the event that made them, the subject by a running count.
// Names are paired when an `alloc` or a `construct` of both sides meet at the same place. The comparison can be
// carried on while the model is still in the middle of its step, which is what makes the subject's choices readable:
// everything before the choice has been paired by then.
//
// Invariant: up to `got_position()` both sides agree, and the names in that part of the subject's observations are the
// model's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/subject/subject.h"
#include "spec/observation.h"

namespace oftwin::harness {

inline std::uint64_t rule_key(RuleName n) { return std::uint64_t{n.event} << 32 | n.index; }

// Which of the subject's provisional names stands for which of the model's.
class RuleNames {
 public:
  void clear();
  void bind(RuleName provisional, RuleName model);
  // A name that is not paired comes back unchanged (event 0).
  RuleName to_model(RuleName provisional) const;
  // A name that is not paired comes back as {0, 0}, which no subject knows.
  RuleName to_subject(RuleName model) const;

 private:
  std::vector<RuleName> model_;  // by provisional index
  std::unordered_map<std::uint64_t, std::uint32_t> provisional_;
};

// How the alloc channel is judged.
//   exact     every alloc and dealloc, at its place (a recording of the same edition)
//   balanced  an implementation is free to allocate early and to drop what it postpones: only a dealloc of a rule that
//             was constructed is compared at its place; all others must be balanced (see AllocBalance)
enum class AllocRule : std::uint8_t { exact, balanced };

// Every alloc is ended by exactly one dealloc, nothing is done with a rule that is not allocated, and at the end
// nothing is left. Works on provisional names.
class AllocBalance {
 public:
  void clear();
  // The first thing wrong with `o`, if any.
  const char* check(const Observation& o);
  // After the switch was destroyed.
  bool all_freed() const { return live_ == 0; }
  // Whether the rule, just deallocated or still live, was ever constructed.
  bool constructed(RuleName provisional) const;

 private:
  enum class Life : std::uint8_t { unknown, allocated, constructed, freed, freed_constructed };
  Life& life(RuleName provisional);
  std::vector<Life> lives_;
  std::size_t live_ = 0;
};

class Comparison {
 public:
  // The channels and the rule stay for all events until the next reset.
  void reset(const Subject& subject, unsigned channels, AllocRule alloc_rule);
  // Begins an event: `got` is everything that the subject did, `want` grows while the model steps.
  void begin(std::vector<Observation>& want, std::vector<Observation>& got);
  // Compares the first `want_end` observations of the model as far as that has not been done.
  void catch_up(std::size_t want_end);
  // The model is done. True if there is no difference.
  bool finish();

  bool differs() const { return differs_; }
  std::size_t want_position() const { return want_at_; }  // the first that is not compared, or differs
  std::size_t got_position() const { return got_at_; }
  const RuleNames& names() const { return names_; }
  void adopt_names(const RuleNames& names) { names_ = names; }
  // Set when the difference is one of balance, not of two observations.
  const char* imbalance() const { return imbalance_; }
  // What the subject was held to so far, and would be held to in the rest.
  std::vector<Observation> wanted() const;
  // The rules that `o` names, in the model's names as far as they are paired.
  void translate(Observation& o) const;

 private:
  bool compared(const Observation& o) const {
    return (channels_ & bit(channel_of(o))) != 0 && (!aligned_ || subject_->shows(o));
  }
  bool unplaced(const Observation& o) const;  // an allocation that may come anywhere
  void keep_compared(std::vector<Observation>& got);
  bool skip_wanted(const Observation& o);
  bool same(Observation& want, Observation& got);

  const Subject* subject_ = nullptr;
  unsigned channels_ = 0;
  bool balanced_ = false, exact_alloc_ = false;
  bool aligned_ = false;  // the subject has freedoms that only it knows
  RuleNames names_;
  AllocBalance balance_;
  std::unordered_set<std::uint64_t> constructed_;  // by the model
  std::vector<Observation>* want_ = nullptr;
  std::vector<Observation>* got_ = nullptr;
  std::size_t want_at_ = 0, got_at_ = 0;
  std::vector<std::size_t> held_;  // places in `want_` of what `got_` was compared with
  bool differs_ = false;
  const char* imbalance_ = nullptr;
};

}  // namespace oftwin::harness

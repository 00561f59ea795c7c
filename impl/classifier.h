// One flow table: rules by match and priority.
//
// A tuple-space classifier: rules with equal masks share a subtable, which is a hash table from masked words to the
// rules with that match, highest priority first. Subtables stand in descending order of their highest priority, so a
// lookup stops as soon as no later subtable can win. This header is all that the rest of the switch knows of it.
//
// Parts are what it is made of: MachineParts in the switch; unknown words and an abstract map where it is proved that
// a lookup returns what a scan of all rules returns (properties/prove/).
//
// Invariants: (match, priority) is unique; every subtable holds at least one rule; the order in which rules are visited
// depends on the history of calls alone, and of equal matches the higher priority comes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "impl/hash_index.h"
#include "impl/match.h"
#include "impl/slab.h"

namespace oftwin::impl {

// The words of matches, priorities, and the hash tables, in which a thing is found by its hash and by being equal.
struct MachineParts {
  using Word = std::uint64_t;
  using Priority = std::uint32_t;
  using Hash = std::uint64_t;
  template <class T>
  using Index = HashIndex<T>;
  static Hash hash(const Words& w, std::size_t words, std::uint64_t basis) { return hash_words(w, words, basis); }
};

template <class Parts>
struct SubtableOf;

// What a rule contributes to its table. `match` and `priority` are the owner's and stay as they are while the entry is
// in a classifier; the rest belongs to the classifier.
template <class Parts>
struct ClassifierEntryOf {
  PackedMatchOf<typename Parts::Word> match;
  typename Parts::Priority priority = 0;

  SubtableOf<Parts>* subtable = nullptr;    // nullptr: in no classifier
  ClassifierEntryOf* next_lower = nullptr;  // same match, next lower priority
  ClassifierEntryOf* next_in_bucket = nullptr;
  typename Parts::Hash hash{};
};

template <class Parts>
struct SubtableOf {
  WordsOf<typename Parts::Word> mask{};
  std::size_t words = kBasicWords;
  typename Parts::template Index<ClassifierEntryOf<Parts>> heads;  // for each match its rule of highest priority
  std::size_t n_rules = 0;
  typename Parts::Priority max_priority = 0;
  std::size_t n_max = 0;  // rules of that priority
  std::size_t position = 0;

  SubtableOf* next_in_bucket = nullptr;
  typename Parts::Hash hash{};
};

template <class Parts>
class ClassifierOf {
 public:
  using Priority = typename Parts::Priority;
  using Match = PackedMatchOf<typename Parts::Word>;
  using Key = WordsOf<typename Parts::Word>;
  using Entry = ClassifierEntryOf<Parts>;
  using Subtable = SubtableOf<Parts>;

  ClassifierOf() = default;
  ClassifierOf(const ClassifierOf&) = delete;
  ClassifierOf& operator=(const ClassifierOf&) = delete;
  ClassifierOf(ClassifierOf&&) = default;

  std::size_t size() const { return size_; }

  // The rule with exactly this match and priority.
  Entry* find(const Match& match, const Priority& priority) const;
  // Puts `entry` in; returns the rule of equal match and priority that it displaced, or nullptr.
  Entry* replace(Entry& entry);
  void remove(Entry& entry);

  // The matching rule of highest priority; which of several is unspecified.
  const Entry* lookup(const Key& key) const;
  // Whether some rule of this priority could match a packet that `match` matches, too.
  bool overlaps(const Match& match, const Priority& priority) const;

  // Visits every rule that `match` covers. The visitor must not change the classifier.
  template <class Visit>
  void for_each_covered(const Match& match, const Visit& visit) const {
    for (const Subtable* subtable : order_) {
      if (!masks_cover(match, *subtable)) continue;
      subtable->heads.for_each([&](Entry& head) {
        if (!covers(match, head.match)) return;
        for (Entry* e = &head; e != nullptr; e = e->next_lower) visit(*e);
      });
    }
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for_each_covered(Match{}, visit);
  }

 private:
  static auto masks_cover(const Match& general, const Subtable& subtable) {
    typename Parts::Word missing{};
    for (std::size_t i = 0; i < general.words; ++i) missing |= general.mask[i] & ~subtable.mask[i];
    return missing == 0;
  }
  Subtable* find_subtable(const Match& match) const;
  Subtable& make_subtable(const Match& match);
  void drop_subtable(Subtable& subtable);
  void count_in(Subtable& subtable, const Priority& priority);
  void count_out(Subtable& subtable, const Priority& priority);
  void recount_max(Subtable& subtable);
  void move_forward(Subtable& subtable);
  void move_backward(Subtable& subtable);
  void swap_order(std::size_t a, std::size_t b);

  typename Parts::template Index<Subtable> by_mask_;
  std::vector<Subtable*> order_;  // max_priority descends
  Slab<Subtable> subtables_;
  std::size_t size_ = 0;
};

using Classifier = ClassifierOf<MachineParts>;
using ClassifierEntry = ClassifierEntryOf<MachineParts>;

}  // namespace oftwin::impl

#include "impl/classifier_bodies.h"  // IWYU pragma: export

namespace oftwin::impl {
extern template class ClassifierOf<MachineParts>;
}

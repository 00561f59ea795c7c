// One flow table: rules by match and priority.
//
// A tuple-space classifier: rules with equal masks share a subtable, which is a hash table from masked words to the
// rules with that match, highest priority first. Subtables stand in descending order of their highest priority, so a
// lookup stops as soon as no later subtable can win. This header is all that the rest of the switch knows of it.
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

struct Subtable;

// What a rule contributes to its table. `match` and `priority` are the owner's and stay as they are while the entry is
// in a classifier; the rest belongs to the classifier.
struct ClassifierEntry {
  PackedMatch match;
  std::uint32_t priority = 0;

  Subtable* subtable = nullptr;           // nullptr: in no classifier
  ClassifierEntry* next_lower = nullptr;  // same match, next lower priority
  ClassifierEntry* next_in_bucket = nullptr;
  std::uint64_t hash = 0;
};

struct Subtable {
  Words mask{};
  std::size_t words = kBasicWords;
  HashIndex<ClassifierEntry> heads;  // for each match its rule of highest priority
  std::size_t n_rules = 0;
  std::uint32_t max_priority = 0;
  std::size_t n_max = 0;  // rules of that priority
  std::size_t position = 0;

  Subtable* next_in_bucket = nullptr;
  std::uint64_t hash = 0;
};

class Classifier {
 public:
  Classifier() = default;
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;
  Classifier(Classifier&&) = default;

  std::size_t size() const { return size_; }

  // The rule with exactly this match and priority.
  ClassifierEntry* find(const PackedMatch& match, std::uint32_t priority) const;
  // Puts `entry` in; returns the rule of equal match and priority that it displaced, or nullptr.
  ClassifierEntry* replace(ClassifierEntry& entry);
  void remove(ClassifierEntry& entry);

  // The matching rule of highest priority; which of several is unspecified.
  const ClassifierEntry* lookup(const Words& key) const;
  // Whether some rule of this priority could match a packet that `match` matches, too.
  bool overlaps(const PackedMatch& match, std::uint32_t priority) const;

  // Visits every rule that `match` covers. The visitor must not change the classifier.
  template <class Visit>
  void for_each_covered(const PackedMatch& match, const Visit& visit) const {
    for (const Subtable* subtable : order_) {
      if (!masks_cover(match, *subtable)) continue;
      subtable->heads.for_each([&](ClassifierEntry& head) {
        if (!covers(match, head.match)) return;
        for (ClassifierEntry* e = &head; e != nullptr; e = e->next_lower) visit(*e);
      });
    }
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    for_each_covered(PackedMatch{}, visit);
  }

 private:
  static bool masks_cover(const PackedMatch& general, const Subtable& subtable);
  Subtable* find_subtable(const PackedMatch& match) const;
  Subtable& make_subtable(const PackedMatch& match);
  void drop_subtable(Subtable& subtable);
  void count_in(Subtable& subtable, std::uint32_t priority);
  void count_out(Subtable& subtable, std::uint32_t priority);
  void recount_max(Subtable& subtable);
  void move_forward(Subtable& subtable);
  void move_backward(Subtable& subtable);
  void swap_order(std::size_t a, std::size_t b);

  HashIndex<Subtable> by_mask_;
  std::vector<Subtable*> order_;  // max_priority descends
  Slab<Subtable> subtables_;
  std::size_t size_ = 0;
};

}  // namespace oftwin::impl

// One flow table: tuple-space search behind a cache of exact keys.
//
// Flows with the same mask share a hash table; the hash tables are searched in the order of the highest priority in
// them, so the search ends as soon as none can do better. In front stands a cache from whole keys to the result of the
// search, misses included. Invariant: a cached result is used only if nothing was inserted or removed since it was
// found (`generation_`).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "datapath-sim/flow_key.h"

namespace oftwin::sim {

struct Rule;

// A rule's place in the table; part of the rule. The table only links it.
struct Flow {
  MatchWords match;
  std::uint32_t priority = 0;
  std::uint64_t age = 0;  // set by insert(): the smaller, the longer in the table
  std::uint64_t hash = 0;
  Flow* next = nullptr;  // in its bucket
  Rule* rule = nullptr;
};

class FlowTable {
 public:
  void insert(Flow& flow);  // not in any table
  void remove(Flow& flow);  // in this table
  // The matching flow of the highest priority; among several of them the one that is in the table longest.
  Flow* lookup(const KeyWords& key);
  std::uint64_t size() const { return size_; }

 private:
  // The flows of one mask.
  struct Subtable {
    KeyWords mask;
    std::vector<std::uint8_t> words;  // those in which the mask is not zero
    std::vector<Flow*> buckets;       // a power of two
    std::size_t size = 0;
    std::uint32_t max_priority = 0;
    std::size_t n_max = 0;  // flows of that priority
    std::uint64_t hash(const KeyWords& key) const;
    bool matches(const Flow& flow, const KeyWords& key) const;
    void link(Flow& flow);
    void unlink(Flow& flow);
    void grow();
    void find_max_priority();
  };
  struct Cached {
    std::uint64_t generation = 0;  // 0: empty
    KeyWords key;
    Flow* flow = nullptr;
  };

  Subtable& subtable(const KeyWords& mask);
  void sort();
  Flow* search(const KeyWords& key) const;

  std::vector<std::unique_ptr<Subtable>> subtables_;  // the highest max_priority first
  std::vector<Cached> cache_;                         // made by the first lookup
  std::uint64_t generation_ = 1;
  std::uint64_t next_age_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace oftwin::sim

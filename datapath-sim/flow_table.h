// One flow table: tuple-space search behind a cache of exact keys.
//
// Flows with the same mask share a hash table; the hash tables are searched in the order of the highest priority in
// them, so the search ends as soon as none can do better. In front stands a cache from whole keys to the result of the
// search, misses included. Invariant: a cached result is used only if nothing was inserted or removed since it was
// found (`generation_`).
//
// Parts are what a table is made of: MachineParts in the datapath; unknown words where it is proved that a lookup,
// cached or not, returns what a scan of all flows returns (properties/prove/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "datapath-sim/flow_key.h"

namespace oftwin::sim {

struct Rule;

struct MachineParts {
  using Word = std::uint64_t;
  using Priority = std::uint32_t;
  using Hash = std::uint64_t;
  static constexpr std::size_t kCacheSlots = 256;

  // Of some words of a key, under a mask.
  static Hash hash(const KeyWords& key, const KeyWords& mask, const std::vector<std::uint8_t>& words);
  static Hash hash(const KeyWords& key);
  // Of `n` places, a power of two.
  static std::size_t place(Hash hash, std::size_t n) { return hash & (n - 1); }
};

// A rule's place in the table; part of the rule. The table only links it.
template <class Parts>
struct FlowOf {
  MatchWordsOf<typename Parts::Word> match;
  typename Parts::Priority priority = 0;
  std::uint64_t age = 0;  // set by insert(): the smaller, the longer in the table
  typename Parts::Hash hash{};
  FlowOf* next = nullptr;  // in its bucket
  Rule* rule = nullptr;
};

template <class Parts>
class FlowTableOf {
 public:
  using Flow = FlowOf<Parts>;
  using Key = KeyWordsOf<typename Parts::Word>;

  void insert(Flow& flow);  // not in any table
  void remove(Flow& flow);  // in this table
  // The matching flow of the highest priority; among several of them the one that is in the table longest.
  Flow* lookup(const Key& key);
  std::uint64_t size() const { return size_; }

 private:
  // The flows of one mask.
  struct Subtable {
    Key mask;
    std::vector<std::uint8_t> words;  // those in which the mask is not zero
    std::vector<Flow*> buckets;       // a power of two
    std::size_t size = 0;
    typename Parts::Priority max_priority = 0;
    std::size_t n_max = 0;  // flows of that priority
    bool matches(const Flow& flow, const Key& key) const;
    Flow*& bucket(const typename Parts::Hash& hash) { return buckets[Parts::place(hash, buckets.size())]; }
    void link(Flow& flow);
    void unlink(Flow& flow);
    void grow();
    void find_max_priority();
  };
  struct Cached {
    std::uint64_t generation = 0;  // 0: empty
    Key key;
    Flow* flow = nullptr;
  };

  Subtable& subtable(const Key& mask);
  void sort();
  Flow* search(const Key& key) const;

  std::vector<std::unique_ptr<Subtable>> subtables_;  // the highest max_priority first
  std::vector<Cached> cache_;                         // made by the first lookup
  std::uint64_t generation_ = 1;
  std::uint64_t next_age_ = 0;
  std::uint64_t size_ = 0;
};

using Flow = FlowOf<MachineParts>;
using FlowTable = FlowTableOf<MachineParts>;

}  // namespace oftwin::sim

#include "datapath-sim/flow_table_bodies.h"  // IWYU pragma: export

namespace oftwin::sim {
extern template class FlowTableOf<MachineParts>;
}

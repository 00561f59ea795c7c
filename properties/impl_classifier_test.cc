// The optimized switch's classifier against a list that is searched from one end to the other.
//
// Histories of insertions and removals over a small universe of masks, values and priorities, so that rules replace,
// cover and overlap each other and subtables come and go; after each step every question is put to both sides.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include "impl/classifier.h"

namespace oftwin::impl {
namespace {

PackedMatch random_match() {
  Match m;
  const auto pick = [](int n) { return *rc::gen::inRange(0, n); };
  if (pick(2) != 0) m.in_port = {static_cast<std::uint16_t>(pick(3)), 0xffff};
  if (pick(2) != 0) {
    const std::uint32_t mask = ~std::uint32_t{0} << *rc::gen::element(0, 8, 31);
    m.nw_src = {(0x0a000000u | static_cast<std::uint32_t>(pick(2)) << 31 | static_cast<std::uint32_t>(pick(3))) & mask,
                mask};
  }
  if (pick(3) == 0) m.nw_proto = {static_cast<std::uint8_t>(pick(2)), 0xff};
  if (pick(6) == 0) m.reg[1] = {static_cast<std::uint32_t>(pick(2)), 0x1};
  if (pick(6) == 0) m.nd_target.value[15] = m.nd_target.mask[15] = 1;
  return pack(m);
}

Words random_key() {
  FlowKey key;
  key.in_port = static_cast<std::uint16_t>(*rc::gen::inRange(0, 3));
  key.nw_src = 0x0a000000u | static_cast<std::uint32_t>(*rc::gen::inRange(0, 2)) << 31 |
               static_cast<std::uint32_t>(*rc::gen::inRange(0, 3));
  key.nw_proto = static_cast<std::uint8_t>(*rc::gen::inRange(0, 2));
  key.reg[1] = static_cast<std::uint32_t>(*rc::gen::inRange(0, 2));
  key.nd_target[15] = static_cast<std::uint8_t>(*rc::gen::inRange(0, 2));
  return pack(key);
}

// Both sides of the comparison, and the rules that they hold.
struct Pair {
  Classifier fast;
  std::vector<ClassifierEntry*> slow;
  std::deque<ClassifierEntry> entries;

  ClassifierEntry* slow_find(const PackedMatch& match, std::uint32_t priority) const {
    const auto it = std::ranges::find_if(
        slow, [&](const ClassifierEntry* e) { return e->match == match && e->priority == priority; });
    return it == slow.end() ? nullptr : *it;
  }

  void insert(const PackedMatch& match, std::uint32_t priority) {
    ClassifierEntry& entry = entries.emplace_back();
    entry.match = match;
    entry.priority = priority;
    ClassifierEntry* displaced = slow_find(match, priority);
    RC_ASSERT(fast.replace(entry) == displaced);
    std::erase(slow, displaced);
    slow.push_back(&entry);
  }

  void remove(std::size_t i) {
    fast.remove(*slow[i]);
    slow.erase(slow.begin() + static_cast<std::ptrdiff_t>(i));
  }

  void check_find(const PackedMatch& match, std::uint32_t priority) const {
    RC_ASSERT(fast.find(match, priority) == slow_find(match, priority));
  }

  void check_lookup(const Words& key) const {
    const ClassifierEntry* found = fast.lookup(key);
    std::uint32_t best = 0;
    bool any = false;
    for (const ClassifierEntry* e : slow) {
      if (!matches(e->match, key)) continue;
      any = true;
      best = std::max(best, e->priority);
    }
    RC_ASSERT((found != nullptr) == any);
    if (found == nullptr) return;
    RC_ASSERT(matches(found->match, key));
    RC_ASSERT(found->priority == best);
  }

  void check_covered(const PackedMatch& match) const {
    std::vector<const ClassifierEntry*> visited;
    fast.for_each_covered(match, [&](const ClassifierEntry& e) { visited.push_back(&e); });
    for (std::size_t i = 0; i < visited.size(); ++i) {
      for (std::size_t k = i + 1; k < visited.size(); ++k) {
        if (visited[i]->match == visited[k]->match) RC_ASSERT(visited[i]->priority > visited[k]->priority);
      }
    }
    std::set<const ClassifierEntry*> wanted;
    for (const ClassifierEntry* e : slow) {
      if (covers(match, e->match)) wanted.insert(e);
    }
    RC_ASSERT(visited.size() == wanted.size());
    RC_ASSERT(std::set<const ClassifierEntry*>(visited.begin(), visited.end()) == wanted);
  }

  void check_overlap(const PackedMatch& match, std::uint32_t priority) const {
    const bool wanted = std::ranges::any_of(
        slow, [&](const ClassifierEntry* e) { return e->priority == priority && overlaps(e->match, match); });
    RC_ASSERT(fast.overlaps(match, priority) == wanted);
  }
};

RC_GTEST_PROP(ImplClassifier, agrees_with_a_linear_scan, ()) {
  Pair pair;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    const auto priority = static_cast<std::uint32_t>(*rc::gen::inRange(0, 4)) * 0x8000u;
    if (pair.slow.empty() || *rc::gen::inRange(0, 3) != 0) {
      pair.insert(random_match(), priority);
    } else {
      pair.remove(*rc::gen::inRange<std::size_t>(0, pair.slow.size()));
    }
    RC_ASSERT(pair.fast.size() == pair.slow.size());
    pair.check_find(random_match(), priority);
    pair.check_lookup(random_key());
    pair.check_covered(random_match());
    pair.check_overlap(random_match(), priority);
  }
  while (!pair.slow.empty()) pair.remove(*rc::gen::inRange<std::size_t>(0, pair.slow.size()));
  RC_ASSERT(pair.fast.size() == 0u);
  pair.check_covered(PackedMatch{});
}

TEST(ImplClassifier, grows_and_shrinks_with_many_rules_of_one_mask) {
  Classifier table;
  std::deque<ClassifierEntry> entries;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ClassifierEntry& e = entries.emplace_back();
    Match m;
    m.nw_dst = {i, ~std::uint32_t{0}};
    e.match = pack(m);
    e.priority = i % 7;
    ASSERT_EQ(table.replace(e), nullptr);
  }
  for (const ClassifierEntry& e : entries) ASSERT_EQ(table.find(e.match, e.priority), &e);
  for (std::size_t i = 0; i < entries.size(); i += 2) table.remove(entries[i]);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ASSERT_EQ(table.find(entries[i].match, entries[i].priority), i % 2 == 0 ? nullptr : &entries[i]);
  }
  for (std::size_t i = 1; i < entries.size(); i += 2) table.remove(entries[i]);
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace oftwin::impl

#include "datapath-sim/flow_table.h"

#include <algorithm>

namespace oftwin::sim {
namespace {

constexpr std::size_t kCacheSlots = 256, kFirstBuckets = 8;

bool better(const Flow& a, const Flow* b) {
  return b == nullptr || a.priority > b->priority || (a.priority == b->priority && a.age < b->age);
}

std::uint64_t hash_whole(const KeyWords& key) {
  static_assert(kKeyWords % 3 == 0);
  std::uint64_t a = 0, b = 0, c = 0;  // three at a time: none waits for another
  for (std::size_t i = 0; i < kKeyWords; i += 3) {
    a = mix(a, key[i]);
    b = mix(b, key[i + 1]);
    c = mix(c, key[i + 2]);
  }
  return mix(mix(a, b), c);
}

}  // namespace

std::uint64_t FlowTable::Subtable::hash(const KeyWords& key) const {
  std::uint64_t h = 0;
  for (const std::uint8_t i : words) h = mix(h, key[i] & mask[i]);
  return h;
}

bool FlowTable::Subtable::matches(const Flow& flow, const KeyWords& key) const {
  return std::all_of(words.begin(), words.end(),
                     [&](std::uint8_t i) { return (key[i] & mask[i]) == flow.match.value[i]; });
}

void FlowTable::Subtable::link(Flow& flow) {
  if (size == buckets.size()) grow();
  flow.hash = hash(flow.match.value);
  Flow*& bucket = buckets[flow.hash & (buckets.size() - 1)];
  flow.next = bucket;
  bucket = &flow;
  ++size;
  if (n_max == 0 || flow.priority > max_priority) {
    max_priority = flow.priority;
    n_max = 1;
  } else if (flow.priority == max_priority) {
    ++n_max;
  }
}

void FlowTable::Subtable::unlink(Flow& flow) {
  Flow** at = &buckets[flow.hash & (buckets.size() - 1)];
  while (*at != &flow) at = &(*at)->next;
  *at = flow.next;
  --size;
  if (flow.priority == max_priority && --n_max == 0) find_max_priority();
}

void FlowTable::Subtable::grow() {
  std::vector<Flow*> old(std::max(kFirstBuckets, buckets.size() * 2));
  old.swap(buckets);
  for (Flow* flow : old) {
    while (flow != nullptr) {
      Flow* next = flow->next;
      Flow*& bucket = buckets[flow->hash & (buckets.size() - 1)];
      flow->next = bucket;
      bucket = flow;
      flow = next;
    }
  }
}

void FlowTable::Subtable::find_max_priority() {
  max_priority = 0;
  for (const Flow* flow : buckets) {
    for (; flow != nullptr; flow = flow->next) {
      if (n_max == 0 || flow->priority > max_priority) {
        max_priority = flow->priority;
        n_max = 0;
      }
      if (flow->priority == max_priority) ++n_max;
    }
  }
}

FlowTable::Subtable& FlowTable::subtable(const KeyWords& mask) {
  for (const auto& s : subtables_) {
    if (s->mask == mask) return *s;
  }
  auto s = std::make_unique<Subtable>();
  s->mask = mask;
  for (std::size_t i = 0; i < kKeyWords; ++i) {
    if (mask[i] != 0) s->words.push_back(static_cast<std::uint8_t>(i));
  }
  return *subtables_.emplace_back(std::move(s));
}

void FlowTable::sort() {
  const auto before = [](const auto& a, const auto& b) { return a->max_priority > b->max_priority; };
  if (!std::is_sorted(subtables_.begin(), subtables_.end(), before)) {
    std::sort(subtables_.begin(), subtables_.end(), before);
  }
}

void FlowTable::insert(Flow& flow) {
  flow.age = next_age_++;
  subtable(flow.match.mask).link(flow);
  sort();
  ++size_;
  ++generation_;
}

void FlowTable::remove(Flow& flow) {
  Subtable& s = subtable(flow.match.mask);
  s.unlink(flow);
  if (s.size == 0) {
    std::erase_if(subtables_, [&](const auto& p) { return p.get() == &s; });
  }
  sort();
  --size_;
  ++generation_;
}

Flow* FlowTable::search(const KeyWords& key) const {
  Flow* best = nullptr;
  for (const auto& s : subtables_) {
    if (best != nullptr && s->max_priority < best->priority) break;
    const std::uint64_t h = s->hash(key);
    for (Flow* flow = s->buckets[h & (s->buckets.size() - 1)]; flow != nullptr; flow = flow->next) {
      if (flow->hash == h && better(*flow, best) && s->matches(*flow, key)) best = flow;
    }
  }
  return best;
}

Flow* FlowTable::lookup(const KeyWords& key) {
  if (size_ == 0) return nullptr;
  if (cache_.empty()) cache_.resize(kCacheSlots);
  Cached& slot = cache_[hash_whole(key) & (kCacheSlots - 1)];
  if (slot.generation != generation_ || slot.key != key) slot = {generation_, key, search(key)};
  return slot.flow;
}

}  // namespace oftwin::sim

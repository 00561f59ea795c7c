// The bodies of flow_table.h's templates. Included by it alone.
#pragma once

#include <algorithm>

#include "datapath-sim/flow_table.h"

namespace oftwin::sim {

template <class W>
auto equal(const KeyWordsOf<W>& a, const KeyWordsOf<W>& b) {
  W differing{};
  for (std::size_t i = 0; i < kKeyWords; ++i) differing |= a[i] ^ b[i];
  return differing == 0;
}

template <class Parts>
bool better(const FlowOf<Parts>& a, const FlowOf<Parts>* b) {
  return b == nullptr || a.priority > b->priority || (a.priority == b->priority && a.age < b->age);
}

template <class Parts>
bool FlowTableOf<Parts>::Subtable::matches(const Flow& flow, const Key& key) const {
  typename Parts::Word differing{};
  for (const std::uint8_t i : words) differing |= (key[i] & mask[i]) ^ flow.match.value[i];
  return static_cast<bool>(differing == 0);
}

template <class Parts>
void FlowTableOf<Parts>::Subtable::link(Flow& flow) {
  if (size == buckets.size()) grow();
  flow.hash = Parts::hash(flow.match.value, mask, words);
  Flow*& first = bucket(flow.hash);
  flow.next = first;
  first = &flow;
  ++size;
  if (n_max == 0 || flow.priority > max_priority) {
    max_priority = flow.priority;
    n_max = 1;
  } else if (flow.priority == max_priority) {
    ++n_max;
  }
}

template <class Parts>
void FlowTableOf<Parts>::Subtable::unlink(Flow& flow) {
  Flow** at = &bucket(flow.hash);
  while (*at != &flow) at = &(*at)->next;
  *at = flow.next;
  --size;
  if (flow.priority == max_priority && --n_max == 0) find_max_priority();
}

template <class Parts>
void FlowTableOf<Parts>::Subtable::grow() {
  std::vector<Flow*> old(std::max(std::size_t{8}, buckets.size() * 2));
  old.swap(buckets);
  for (Flow* flow : old) {
    while (flow != nullptr) {
      Flow* next = flow->next;
      Flow*& first = bucket(flow->hash);
      flow->next = first;
      first = flow;
      flow = next;
    }
  }
}

template <class Parts>
void FlowTableOf<Parts>::Subtable::find_max_priority() {
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

template <class Parts>
auto FlowTableOf<Parts>::subtable(const Key& mask) -> Subtable& {
  for (const auto& s : subtables_) {
    if (equal(s->mask, mask)) return *s;
  }
  auto s = std::make_unique<Subtable>();
  s->mask = mask;
  for (std::size_t i = 0; i < kKeyWords; ++i) {
    if (mask[i] != 0) s->words.push_back(static_cast<std::uint8_t>(i));
  }
  return *subtables_.emplace_back(std::move(s));
}

template <class Parts>
void FlowTableOf<Parts>::sort() {
  const auto before = [](const auto& a, const auto& b) { return static_cast<bool>(a->max_priority > b->max_priority); };
  if (!std::is_sorted(subtables_.begin(), subtables_.end(), before)) {
    std::sort(subtables_.begin(), subtables_.end(), before);
  }
}

template <class Parts>
void FlowTableOf<Parts>::insert(Flow& flow) {
  flow.age = next_age_++;
  subtable(flow.match.mask).link(flow);
  sort();
  ++size_;
  ++generation_;
}

template <class Parts>
void FlowTableOf<Parts>::remove(Flow& flow) {
  Subtable& s = subtable(flow.match.mask);
  s.unlink(flow);
  if (s.size == 0) {
    std::erase_if(subtables_, [&](const auto& p) { return p.get() == &s; });
  }
  sort();
  --size_;
  ++generation_;
}

template <class Parts>
auto FlowTableOf<Parts>::search(const Key& key) const -> Flow* {
  Flow* best = nullptr;
  for (const auto& s : subtables_) {
    if (best != nullptr && s->max_priority < best->priority) break;
    const auto h = Parts::hash(key, s->mask, s->words);
    for (Flow* flow = s->bucket(h); flow != nullptr; flow = flow->next) {
      if (flow->hash == h && better(*flow, best) && s->matches(*flow, key)) best = flow;
    }
  }
  return best;
}

template <class Parts>
auto FlowTableOf<Parts>::lookup(const Key& key) -> Flow* {
  if (size_ == 0) return nullptr;
  if (cache_.empty()) cache_.resize(Parts::kCacheSlots);
  Cached& slot = cache_[Parts::place(Parts::hash(key), Parts::kCacheSlots)];
  if (slot.generation != generation_ || !equal(slot.key, key)) slot = {generation_, key, search(key)};
  return slot.flow;
}

}  // namespace oftwin::sim

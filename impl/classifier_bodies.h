// The bodies of classifier.h's templates. Included by it alone.
#pragma once

#include <utility>

#include "impl/classifier.h"

namespace oftwin::impl {

// Masks and values are hashed apart.
inline constexpr std::uint64_t kValueBasis = 1, kMaskBasis = 2;

template <class Parts>
auto same_match(const PackedMatchOf<typename Parts::Word>& match) {
  return [&match](const ClassifierEntryOf<Parts>& e) { return equal(e.match.value, match.value); };
}

template <class Parts>
auto ClassifierOf<Parts>::find_subtable(const Match& match) const -> Subtable* {
  return by_mask_.find(Parts::hash(match.mask, match.words, kMaskBasis),
                       [&match](const Subtable& s) { return equal(s.mask, match.mask); });
}

template <class Parts>
auto ClassifierOf<Parts>::find(const Match& match, const Priority& priority) const -> Entry* {
  const Subtable* subtable = find_subtable(match);
  if (subtable == nullptr) return nullptr;
  Entry* e = subtable->heads.find(Parts::hash(match.value, match.words, kValueBasis), same_match<Parts>(match));
  while (e != nullptr && e->priority > priority) e = e->next_lower;
  return e != nullptr && e->priority == priority ? e : nullptr;
}

template <class Parts>
auto ClassifierOf<Parts>::replace(Entry& entry) -> Entry* {
  Subtable* subtable = find_subtable(entry.match);
  if (subtable == nullptr) subtable = &make_subtable(entry.match);
  entry.subtable = subtable;
  entry.next_lower = nullptr;
  const typename Parts::Hash hash = Parts::hash(entry.match.value, entry.match.words, kValueBasis);
  Entry* head = subtable->heads.find(hash, same_match<Parts>(entry.match));

  Entry* above = nullptr;  // the last one of higher priority
  Entry* at = head;
  while (at != nullptr && at->priority > entry.priority) above = std::exchange(at, at->next_lower);
  Entry* displaced = at != nullptr && at->priority == entry.priority ? at : nullptr;
  entry.next_lower = displaced != nullptr ? displaced->next_lower : at;
  if (above != nullptr) {
    above->next_lower = &entry;
    entry.hash = hash;
  } else if (head != nullptr) {
    subtable->heads.replace(*head, entry);
  } else {
    subtable->heads.insert(entry, hash);
  }
  if (displaced != nullptr) {
    displaced->subtable = nullptr;
  } else {
    count_in(*subtable, entry.priority);
  }
  return displaced;
}

template <class Parts>
void ClassifierOf<Parts>::remove(Entry& entry) {
  Subtable& subtable = *entry.subtable;
  Entry* head = subtable.heads.find(entry.hash, same_match<Parts>(entry.match));
  if (head != &entry) {
    while (head->next_lower != &entry) head = head->next_lower;
    head->next_lower = entry.next_lower;
  } else if (entry.next_lower != nullptr) {
    subtable.heads.replace(entry, *entry.next_lower);
  } else {
    subtable.heads.remove(entry);
  }
  entry.subtable = nullptr;
  count_out(subtable, entry.priority);
}

template <class Parts>
auto ClassifierOf<Parts>::lookup(const Key& key) const -> const Entry* {
  const Entry* best = nullptr;
  Key masked{};
  for (const Subtable* subtable : order_) {
    if (best != nullptr && best->priority >= subtable->max_priority) break;
    for (std::size_t i = 0; i < subtable->words; ++i) masked[i] = key[i] & subtable->mask[i];
    const Entry* found = subtable->heads.find(Parts::hash(masked, subtable->words, kValueBasis),
                                              [&key](const Entry& e) { return matches(e.match, key); });
    if (found != nullptr && (best == nullptr || found->priority > best->priority)) best = found;
  }
  return best;
}

template <class Parts>
bool ClassifierOf<Parts>::overlaps(const Match& match, const Priority& priority) const {
  for (const Subtable* subtable : order_) {
    if (subtable->max_priority < priority) break;
    bool found = false;
    subtable->heads.for_each([&](const Entry& head) {
      if (found || head.priority < priority || !impl::overlaps(match, head.match)) return;
      const Entry* e = &head;
      while (e != nullptr && e->priority > priority) e = e->next_lower;
      found = e != nullptr && e->priority == priority;
    });
    if (found) return true;
  }
  return false;
}

template <class Parts>
auto ClassifierOf<Parts>::make_subtable(const Match& match) -> Subtable& {
  Subtable& subtable = *subtables_.acquire();
  subtable.mask = match.mask;
  subtable.words = match.words;
  subtable.n_rules = subtable.n_max = 0;
  subtable.max_priority = 0;
  subtable.position = order_.size();
  order_.push_back(&subtable);
  by_mask_.insert(subtable, Parts::hash(match.mask, match.words, kMaskBasis));
  return subtable;
}

template <class Parts>
void ClassifierOf<Parts>::drop_subtable(Subtable& subtable) {
  for (std::size_t i = subtable.position; i + 1 < order_.size(); ++i) swap_order(i, i + 1);
  order_.pop_back();
  by_mask_.remove(subtable);
  subtables_.release(&subtable);
}

template <class Parts>
void ClassifierOf<Parts>::count_in(Subtable& subtable, const Priority& priority) {
  ++size_;
  ++subtable.n_rules;
  if (subtable.n_rules == 1 || priority > subtable.max_priority) {
    subtable.max_priority = priority;
    subtable.n_max = 1;
    move_forward(subtable);
  } else if (priority == subtable.max_priority) {
    ++subtable.n_max;
  }
}

template <class Parts>
void ClassifierOf<Parts>::count_out(Subtable& subtable, const Priority& priority) {
  --size_;
  if (--subtable.n_rules == 0) {
    drop_subtable(subtable);
  } else if (priority == subtable.max_priority && --subtable.n_max == 0) {
    recount_max(subtable);
    move_backward(subtable);
  }
}

template <class Parts>
void ClassifierOf<Parts>::recount_max(Subtable& subtable) {
  subtable.max_priority = 0;
  subtable.n_max = 0;
  subtable.heads.for_each([&subtable](const Entry& head) {
    if (head.priority > subtable.max_priority) {
      subtable.max_priority = head.priority;
      subtable.n_max = 0;
    }
    if (head.priority == subtable.max_priority) ++subtable.n_max;
  });
}

template <class Parts>
void ClassifierOf<Parts>::move_forward(Subtable& subtable) {
  while (subtable.position > 0 && order_[subtable.position - 1]->max_priority < subtable.max_priority) {
    swap_order(subtable.position - 1, subtable.position);
  }
}

template <class Parts>
void ClassifierOf<Parts>::move_backward(Subtable& subtable) {
  while (subtable.position + 1 < order_.size() && order_[subtable.position + 1]->max_priority > subtable.max_priority) {
    swap_order(subtable.position, subtable.position + 1);
  }
}

template <class Parts>
void ClassifierOf<Parts>::swap_order(std::size_t a, std::size_t b) {
  std::swap(order_[a], order_[b]);
  order_[a]->position = a;
  order_[b]->position = b;
}

}  // namespace oftwin::impl

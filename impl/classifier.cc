// The tuple-space classifier; what it is stands in classifier.h.
#include "impl/classifier.h"

#include <utility>

namespace oftwin::impl {

namespace {

std::uint64_t entry_hash(const PackedMatch& m) { return hash_words(m.value, m.words, 1); }
std::uint64_t mask_hash(const PackedMatch& m) { return hash_words(m.mask, m.words, 2); }

auto same_match(const PackedMatch& match) {
  return [&match](const ClassifierEntry& e) { return e.match.value == match.value; };
}

}  // namespace

bool Classifier::masks_cover(const PackedMatch& general, const Subtable& subtable) {
  std::uint64_t missing = 0;
  for (std::size_t i = 0; i < general.words; ++i) missing |= general.mask[i] & ~subtable.mask[i];
  return missing == 0;
}

Subtable* Classifier::find_subtable(const PackedMatch& match) const {
  return by_mask_.find(mask_hash(match), [&match](const Subtable& s) { return s.mask == match.mask; });
}

ClassifierEntry* Classifier::find(const PackedMatch& match, std::uint32_t priority) const {
  const Subtable* subtable = find_subtable(match);
  if (subtable == nullptr) return nullptr;
  ClassifierEntry* e = subtable->heads.find(entry_hash(match), same_match(match));
  while (e != nullptr && e->priority > priority) e = e->next_lower;
  return e != nullptr && e->priority == priority ? e : nullptr;
}

ClassifierEntry* Classifier::replace(ClassifierEntry& entry) {
  Subtable* subtable = find_subtable(entry.match);
  if (subtable == nullptr) subtable = &make_subtable(entry.match);
  entry.subtable = subtable;
  entry.next_lower = nullptr;
  const std::uint64_t hash = entry_hash(entry.match);
  ClassifierEntry* head = subtable->heads.find(hash, same_match(entry.match));

  ClassifierEntry* above = nullptr;  // the last one of higher priority
  ClassifierEntry* at = head;
  while (at != nullptr && at->priority > entry.priority) above = std::exchange(at, at->next_lower);
  ClassifierEntry* displaced = at != nullptr && at->priority == entry.priority ? at : nullptr;
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

void Classifier::remove(ClassifierEntry& entry) {
  Subtable& subtable = *entry.subtable;
  ClassifierEntry* head = subtable.heads.find(entry.hash, same_match(entry.match));
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

const ClassifierEntry* Classifier::lookup(const Words& key) const {
  const ClassifierEntry* best = nullptr;
  Words masked{};
  for (const Subtable* subtable : order_) {
    if (best != nullptr && best->priority >= subtable->max_priority) break;
    for (std::size_t i = 0; i < subtable->words; ++i) masked[i] = key[i] & subtable->mask[i];
    const ClassifierEntry* found = subtable->heads.find(
        hash_words(masked, subtable->words, 1), [&key](const ClassifierEntry& e) { return matches(e.match, key); });
    if (found != nullptr && (best == nullptr || found->priority > best->priority)) best = found;
  }
  return best;
}

bool Classifier::overlaps(const PackedMatch& match, std::uint32_t priority) const {
  for (const Subtable* subtable : order_) {
    if (subtable->max_priority < priority) break;
    bool found = false;
    subtable->heads.for_each([&](const ClassifierEntry& head) {
      if (found || head.priority < priority || !impl::overlaps(match, head.match)) return;
      const ClassifierEntry* e = &head;
      while (e != nullptr && e->priority > priority) e = e->next_lower;
      found = e != nullptr && e->priority == priority;
    });
    if (found) return true;
  }
  return false;
}

Subtable& Classifier::make_subtable(const PackedMatch& match) {
  Subtable& subtable = *subtables_.acquire();
  subtable.mask = match.mask;
  subtable.words = match.words;
  subtable.n_rules = subtable.n_max = 0;
  subtable.max_priority = 0;
  subtable.position = order_.size();
  order_.push_back(&subtable);
  by_mask_.insert(subtable, mask_hash(match));
  return subtable;
}

void Classifier::drop_subtable(Subtable& subtable) {
  for (std::size_t i = subtable.position; i + 1 < order_.size(); ++i) swap_order(i, i + 1);
  order_.pop_back();
  by_mask_.remove(subtable);
  subtables_.release(&subtable);
}

void Classifier::count_in(Subtable& subtable, std::uint32_t priority) {
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

void Classifier::count_out(Subtable& subtable, std::uint32_t priority) {
  --size_;
  if (--subtable.n_rules == 0) {
    drop_subtable(subtable);
  } else if (priority == subtable.max_priority && --subtable.n_max == 0) {
    recount_max(subtable);
    move_backward(subtable);
  }
}

void Classifier::recount_max(Subtable& subtable) {
  subtable.max_priority = 0;
  subtable.n_max = 0;
  subtable.heads.for_each([&subtable](const ClassifierEntry& head) {
    if (head.priority > subtable.max_priority) {
      subtable.max_priority = head.priority;
      subtable.n_max = 0;
    }
    if (head.priority == subtable.max_priority) ++subtable.n_max;
  });
}

void Classifier::move_forward(Subtable& subtable) {
  while (subtable.position > 0 && order_[subtable.position - 1]->max_priority < subtable.max_priority) {
    swap_order(subtable.position - 1, subtable.position);
  }
}

void Classifier::move_backward(Subtable& subtable) {
  while (subtable.position + 1 < order_.size() && order_[subtable.position + 1]->max_priority > subtable.max_priority) {
    swap_order(subtable.position, subtable.position + 1);
  }
}

void Classifier::swap_order(std::size_t a, std::size_t b) {
  std::swap(order_[a], order_[b]);
  order_[a]->position = a;
  order_[b]->position = b;
}

}  // namespace oftwin::impl

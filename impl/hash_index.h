// An intrusive hash table: the elements carry their own links, so that inserting and removing allocate only when the
// table changes its size class.
//
// An element type has members `std::uint64_t hash` and `T* next_in_bucket`, both set and used by the index alone.
// Invariant: every element is in the bucket of its hash, in exactly one index. Iteration order is a function of the
// hashes and of the insertions, never of addresses, so runs repeat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oftwin::impl {

template <class T>
class HashIndex {
 public:
  HashIndex() : buckets_(kFewest, nullptr) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The first element with this hash for which `equal` holds.
  template <class Equal>
  T* find(std::uint64_t hash, const Equal& equal) const {
    for (T* e = buckets_[slot(hash)]; e != nullptr; e = e->next_in_bucket) {
      if (e->hash == hash && equal(*e)) return e;
    }
    return nullptr;
  }

  void insert(T& element, std::uint64_t hash) {
    if (size_ == buckets_.size()) resize(buckets_.size() * 2);
    element.hash = hash;
    link(element);
    ++size_;
  }

  void remove(T& element) {
    T** link = &buckets_[slot(element.hash)];
    while (*link != &element) link = &(*link)->next_in_bucket;
    *link = element.next_in_bucket;
    --size_;
    if (buckets_.size() > kFewest && size_ < buckets_.size() / 8) resize(buckets_.size() / 2);
  }

  // `with` takes the place of `old`; they must have the same hash.
  void replace(T& old, T& with) {
    T** link = &buckets_[slot(old.hash)];
    while (*link != &old) link = &(*link)->next_in_bucket;
    with.hash = old.hash;
    with.next_in_bucket = old.next_in_bucket;
    *link = &with;
  }

  // Neither inserts nor removes while iterating.
  template <class Visit>
  void for_each(const Visit& visit) const {
    if (size_ == 0) return;
    for (T* bucket : buckets_) {
      for (T* e = bucket; e != nullptr; e = e->next_in_bucket) visit(*e);
    }
  }

 private:
  static constexpr std::size_t kFewest = 4;

  // The low bits choose the bucket; the hash functions used here mix all bits.
  std::size_t slot(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & (buckets_.size() - 1); }

  void link(T& element) {
    T*& bucket = buckets_[slot(element.hash)];
    element.next_in_bucket = bucket;
    bucket = &element;
  }

  void resize(std::size_t buckets) {
    std::vector<T*> old(buckets, nullptr);
    old.swap(buckets_);
    for (T* bucket : old) {
      while (bucket != nullptr) {
        T* element = bucket;
        bucket = element->next_in_bucket;
        link(*element);
      }
    }
  }

  std::vector<T*> buckets_;
  std::size_t size_ = 0;
};

}  // namespace oftwin::impl

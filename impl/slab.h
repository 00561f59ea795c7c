// Storage for objects that come and go all the time: addresses are stable, freed objects are used again.
//
// Invariant: an object is either in use or on the free list, and its memory lives as long as the slab. Objects are not
// destroyed when released, so that the capacity of their buffers serves the next user; `release` must be given an
// object that holds nothing which must not outlive it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace oftwin::impl {

template <class T>
class Slab {
 public:
  T* acquire() {
    if (free_.empty()) grow();
    T* object = free_.back();
    free_.pop_back();
    return object;
  }
  void release(T* object) { free_.push_back(object); }

 private:
  static constexpr std::size_t kChunk = 64;

  void grow() {
    chunks_.push_back(std::make_unique<T[]>(kChunk));
    free_.reserve(chunks_.size() * kChunk);
    for (std::size_t i = kChunk; i > 0; --i) free_.push_back(&chunks_.back()[i - 1]);
  }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<T*> free_;
};

}  // namespace oftwin::impl

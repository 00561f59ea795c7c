// Numbers in order of first use.
#pragma once

#include <cstddef>
#include <map>

namespace oftwin::harness {

template <class T>
class Numbering {
 public:
  // From 0 on.
  std::size_t of(const T& value) { return numbers_.emplace(value, numbers_.size()).first->second; }

 private:
  std::map<T, std::size_t> numbers_;
};

}  // namespace oftwin::harness

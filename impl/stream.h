// The bytes of one connection that have arrived and are not handled yet, cut into OpenFlow messages where they lie.
//
// Invariant: head_ <= data_.size(); the next message starts at head_. A view is valid until the next append or pop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spec/bytes.h"

namespace oftwin::impl {

class Stream {
 public:
  enum class Head : std::uint8_t { incomplete, message, broken };

  void append(ByteView bytes);
  void clear();

  // What is at the head. broken: a length below 8 or a version other than 1; nothing after it can be read.
  Head head() const;
  ByteView message() const;  // when head() is message
  void pop();

 private:
  std::size_t available() const { return data_.size() - head_; }

  std::vector<std::uint8_t> data_;
  std::size_t head_ = 0;
};

}  // namespace oftwin::impl

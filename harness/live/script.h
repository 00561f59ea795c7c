// Answers to the questions that the model asks about a freedom which cannot be seen: all of them, one after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "model/step.h"

namespace oftwin::harness::live {

// Counts through all answers to the questions that the model asks during one message, like an odometer. Of the orders
// in which a request may touch its rules those are enough that differ in the first: it alone decides which error is
// told and which rule meets a buffered packet.
class Script {
 public:
  Script() {
    choices_.lookup = [this](const model::LookupQuestion& q) {
      if (asked_ == wheels_.size()) wheels_.push_back({0, q.candidates.size()});
      return wheels_[asked_++].at;
    };
    choices_.order = [this](const model::OrderQuestion& q) {
      std::vector<std::size_t> order(q.rules.size());
      std::iota(order.begin(), order.end(), 0);
      if (!any_order_ || q.rules.size() < 2) return order;
      if (asked_ == wheels_.size()) wheels_.push_back({0, std::min(order.size(), kMostFirst)});
      const auto first = order.begin() + static_cast<std::ptrdiff_t>(wheels_[asked_++].at);
      std::rotate(order.begin(), first, first + 1);
      return order;
    };
  }
  const model::Choices& choices() { return choices_; }
  void begin_message() { wheels_.clear(), asked_ = 0; }
  // Whether questions about the order of rules are answered in every way, or in the model's only (as at the beginning).
  void any_order(bool any) { any_order_ = any; }
  // Goes on to the next answers; false: all have been given.
  bool next() {
    while (!wheels_.empty() && ++wheels_.back().at >= wheels_.back().of) wheels_.pop_back();
    asked_ = 0;
    return !wheels_.empty();
  }
  // The answers just given, again from the first.
  void again() { asked_ = 0; }
  bool chose() const { return !wheels_.empty(); }

 private:
  static constexpr std::size_t kMostFirst = 16;  // rules of one request that are tried as its first
  struct Wheel {
    std::size_t at, of;
  };
  model::Choices choices_;
  std::vector<Wheel> wheels_;
  std::size_t asked_ = 0;
  bool any_order_ = false;
};

}  // namespace oftwin::harness::live

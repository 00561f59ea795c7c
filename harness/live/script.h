// Answers to the questions that the model asks about a freedom which cannot be seen: all of them, one after the other.
#pragma once

#include <cstddef>
#include <vector>

#include "model/step.h"

namespace oftwin::harness::live {

// Counts through all answers to the questions that the model asks during one message, like an odometer.
class Script {
 public:
  Script() {
    choices_.lookup = [this](const model::LookupQuestion& q) {
      if (asked_ == wheels_.size()) wheels_.push_back({0, q.candidates.size()});
      return wheels_[asked_++].at;
    };
  }
  const model::Choices& choices() { return choices_; }
  void begin_message() { wheels_.clear(), asked_ = 0; }
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
  struct Wheel {
    std::size_t at, of;
  };
  model::Choices choices_;
  std::vector<Wheel> wheels_;
  std::size_t asked_ = 0;
};

}  // namespace oftwin::harness::live

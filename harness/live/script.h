// Answers to the questions that the model asks about a freedom which cannot be seen: all of them, one after the other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "model/step.h"

namespace oftwin::harness::live {

// Counts through all answers to the questions that the model asks during one message, like an odometer. Of the orders
// in which a request may touch its rules those are enough that differ in the first: it alone decides which error is
// told and which rule meets a buffered packet.
//
// Which reading of the standard the switch has is asked likewise. A habit, which shows only later or not every time, is
// the same for the rest of a scenario.
using Habits = std::map<std::size_t, bool>;  // by clause

class Script {
 public:
  Script() {
    choices_.lookup = [this](const model::LookupQuestion& q) { return spin(q.candidates.size()); };
    choices_.fault = [this](const std::vector<Error>& faults) { return spin(faults.size()); };
    choices_.reading = [this](std::size_t reading) {
      const auto known = habits_.find(reading);
      if (known != habits_.end()) return known->second;
      const bool other = spin(2) == 1;
      if (is_habit(reading)) habits_[reading] = other;
      return other;
    };
    choices_.order = [this](const model::OrderQuestion& q) {
      std::vector<std::size_t> order(q.rules.size());
      std::iota(order.begin(), order.end(), 0);
      if (!any_order_ || q.rules.size() < 2) return order;
      const auto first = order.begin() + static_cast<std::ptrdiff_t>(spin(std::min(order.size(), kMostFirst)));
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
  // The answers just given, again from the first, to a switch of which so much is known.
  void again(const Habits& habits) {
    asked_ = 0;
    habits_ = habits;
  }
  // With what the answers have added.
  const Habits& habits() const { return habits_; }
  void answer_packet_ins(std::function<model::PacketInForm(const model::PacketInQuestion&)> answer) {
    choices_.packet_in = std::move(answer);
  }
  bool chose() const { return !wheels_.empty(); }

 private:
  static constexpr std::size_t kMostFirst = 16;  // rules of one request that are tried as its first
  struct Wheel {
    std::size_t at, of;
  };
  static bool is_habit(std::size_t reading) {
    constexpr std::array habits = {clause("MATCH-10"), clause("MATCH-11"), clause("DEL-6"),  clause("PORT-11"),
                                   clause("PKT-11"),   clause("PKT-12"),   clause("ADD-12"), clause("DP-21")};
    return std::ranges::find(habits, reading) != habits.end();
  }
  std::size_t spin(std::size_t of) {
    if (asked_ == wheels_.size()) wheels_.push_back({0, of});
    return wheels_[asked_++].at;
  }

  model::Choices choices_;
  std::vector<Wheel> wheels_;
  std::size_t asked_ = 0;
  Habits habits_;
  bool any_order_ = false;
};

}  // namespace oftwin::harness::live

// Every way in which one event can go: what the provider answers to each call, in which order a request touches its
// rules, which of the rules in flux a packet meets. Run the event again and again; the first time every choice is the
// first one, then the last choice that can still change does.
//
//   for (branches.begin(); branches.more(); branches.next()) { .. step(state, event, branches.choices(), outcome); .. }
#pragma once

#include <cstdint>
#include <vector>

#include "model/step.h"
#include "properties/explore/alphabet.h"

namespace oftwin::explore {

class Branches {
 public:
  explicit Branches(const Alphabet& alphabet);
  Branches(const Branches&) = delete;
  Branches& operator=(const Branches&) = delete;

  void begin();
  bool more() const { return more_; }
  void next();
  // The way that has just been gone, once more, by something that may ask other questions (it gets the first answer to
  // those); between again() and done_again().
  void again();
  void done_again();
  // Which way it is, counted from 0.
  std::uint32_t number() const { return number_; }
  const model::Choices& choices() const { return choices_; }

 private:
  struct Pick {
    std::uint32_t taken, of;
  };
  std::uint32_t pick(std::size_t of);
  std::vector<std::size_t> order(std::size_t n);

  const Alphabet& alphabet_;
  model::Choices choices_;
  std::vector<Pick> picks_, kept_;
  std::size_t at_ = 0;
  std::uint32_t number_ = 0;
  bool more_ = false;
};

}  // namespace oftwin::explore

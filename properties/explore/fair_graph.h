// The steps that a switch and its provider take by themselves, and whether they can go on for ever.
//
// A step is fair if it needs nobody else: the loop runs because it has asked to, or the provider completes an
// operation. A behaviour of such steps is fair if every operation that is in progress is completed by the provider some
// day. No operation is forgotten for ever exactly if the *oldest* one is served again and again, or there is none: what
// is started later stands behind it. That is why one mark on a step, `served`, is enough to tell fair cycles from
// others.
//
// Invariant: a cycle that is given out has been walked, step after step, in the graph that was put in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/state.h"
#include "spec/event.h"

namespace oftwin::explore {

struct FairKind {
  bool iteration = false, served = false;  // as below
  bool operator==(const FairKind&) const = default;
};
// What kind of fair step the event is in that state; nullopt: it is none. `wants_to_run`: the loop has asked to.
std::optional<FairKind> fair_kind(const model::State& state, const Event& event, bool wants_to_run);

struct FairStep {
  FairStep(std::uint32_t left, std::uint32_t reached, FairKind kind)
      : from(left & kMostState), iteration(kind.iteration), to(reached & kMostState), served(kind.served) {}

  static constexpr std::uint32_t kMostState = 0x7fffffff;  // as many as visited.h numbers
  std::uint32_t from : 31;
  std::uint32_t iteration : 1;  // the loop runs; otherwise the provider completes something
  std::uint32_t to : 31;
  std::uint32_t served : 1;  // the oldest operation is what the provider completes, or none is in progress
};

class FairGraph {
 public:
  explicit FairGraph(std::vector<FairStep> steps);

  std::size_t size() const { return steps_.size(); }
  // If there is no cycle: after how many steps the switch is at rest, at most.
  unsigned longest() const { return longest_; }

  using Depth = std::function<unsigned(std::uint32_t state)>;
  // A cycle of iterations alone; empty: there is none. Of all of them, one that is reached at the least depth.
  std::vector<FairStep> spin(const Depth& depth) const;
  // A cycle in which the oldest operation is served; likewise.
  std::vector<FairStep> round(const Depth& depth) const;

 private:
  using Wanted = bool (*)(const FairStep&);
  // For each state the number of the set of states that can reach one another by steps that are `allowed`.
  std::vector<std::uint32_t> components(Wanted allowed, unsigned* longest) const;
  std::vector<FairStep> cycle(Wanted allowed, Wanted has, const Depth& depth) const;
  std::vector<FairStep> way(std::uint32_t from, std::uint32_t to, Wanted allowed,
                            const std::vector<std::uint32_t>& component) const;

  std::vector<FairStep> steps_;       // by the state that they leave
  std::vector<std::uint32_t> first_;  // of a state's steps; one more than there are states
  unsigned longest_ = 0;
};

}  // namespace oftwin::explore

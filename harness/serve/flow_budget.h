// How many flows a switch takes on, and how many bytes of actions. Beyond that its provider refuses flows with
// FLOW_MOD_FAILED/ALL_TABLES_FULL: an event like any other, so that the model knows and a trace shows it.
#pragma once

#include <cstddef>
#include <vector>

#include "model/state.h"
#include "spec/event.h"

namespace oftwin::harness {

class FlowBudget {
 public:
  FlowBudget(std::size_t flows, std::size_t action_bytes) : flows_(flows), action_bytes_(action_bytes) {}

  // Nothing is refused, as at the beginning.
  void begin() { refusing_add_ = refusing_modify_ = false, unseen_ = counted_ = 0; }
  // What must happen before `bytes` of messages are handled, of which the longest has `longest`.
  std::vector<EventBody> before(const model::State& state, std::size_t bytes, std::size_t longest);

 private:
  const std::size_t flows_, action_bytes_;
  bool refusing_add_ = false, refusing_modify_ = false;
  std::size_t counted_ = 0;  // bytes of actions, when they were last counted
  std::size_t unseen_ = 0;   // bytes that may have been added since
};

}  // namespace oftwin::harness

// What has happened to a switch since it began, as a trace that shows it again: all of it, as long as it is not too
// much, and then the later part, on a switch that was brought near to what it had become by then.
//
// Invariant: what is kept needs at most about `limit` bytes, and what brought the switch there; between two events of
// it none is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/serve/recollect.h"
#include "harness/trace.h"
#include "model/state.h"

namespace oftwin::harness {

class History {
 public:
  explicit History(std::size_t limit) : limit_(limit) {}

  void begin(const SwitchConfig& config);
  // `state`: of the model, before `event`. It is where the trace begins if what is older is forgotten now.
  void add(const Event& event, const model::State& state);

  const std::vector<Event>& events() const { return events_; }
  std::uint64_t missing() const { return missing_; }  // events, at the beginning

  // With `comments` in its head, and a warning if its beginning is missing.
  Trace trace(std::vector<std::string> comments) const;

 private:
  const std::size_t limit_;
  Recollection before_;  // of what is missing
  std::vector<Event> events_;
  std::size_t bytes_ = 0;
  std::uint64_t missing_ = 0;
};

}  // namespace oftwin::harness

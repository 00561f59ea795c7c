// What is being checked: events in, observations out.
#pragma once

#include <string>
#include <vector>

#include "spec/config.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::harness {

// A subject that crashed, hung or went away; what() says how. Ends the check with exit code 3.
class SubjectLost : public std::exception {
 public:
  explicit SubjectLost(std::string what) : what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

// Rules in a subject's observations carry provisional names (event 0, index = the subject's own count from 1); the
// lockstep pairs them with the model's and translates the names in events before it drives them. A subject that knows
// no rule of that number ignores the event.
class Subject {
 public:
  virtual ~Subject() = default;
  // Back to the start, with this switch. May be called any number of times.
  virtual void reset(const SwitchConfig& config) = 0;
  // Appends what happens. throws SubjectLost.
  virtual void drive(const Event& event, std::vector<Observation>& out) = 0;
  // Channels (bits) that this subject shows completely and in order.
  virtual unsigned channels() const = 0;
  // Reduces an observation of the model to what this subject can show of it (e.g. a recording renders matches as NXM).
  virtual void project(Observation&) const {}
  virtual std::string name() const = 0;
};

}  // namespace oftwin::harness

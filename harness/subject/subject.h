// What is being checked: events in, observations out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <variant>
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

// What a provider of somebody else's did by itself during one drive().
using ProviderAct =
    std::variant<event::ProviderComplete, event::ProviderExpire, event::ProviderPacketIn, event::PortChange>;
struct Conduct {
  std::vector<std::vector<ProviderAct>> runs;  // for each iteration of the poll loop
  bool unknown_counters = false;               // it has said of a rule that it does not know its counters
  struct Breach {
    std::size_t clause = 0;  // of its contract
    std::string what;
  };
  std::optional<Breach> breach;  // the first one
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

  // For a subject whose provider is somebody else's: its provider is not told what to answer but read. The others need
  // nothing of this.
  virtual const Conduct* conduct() const { return nullptr; }
  // After reset(): the switch as it is, where that is not the config's to say (ports, tables).
  virtual SwitchConfig as_built(const SwitchConfig& config) const { return config; }
  // After drive(): what the event was, as far as this subject understands it. Valid until the next call.
  virtual const Event& as_driven(const Event& event) const { return event; }  // NOLINT: the caller has the event
  // Whether it shows what such an observation of the model says.
  virtual bool shows(const Observation&) const { return true; }
  // Whether packets can be seen in it.
  virtual bool packets() const { return true; }
  // `want` is next, and `got` what the subject did from there on: brings what corresponds to `want` to the front if
  // their order is free, and puts into `want` what the subject is free not to know.
  virtual void align(Observation& want, std::span<Observation> got) const {
    (void)want;
    (void)got;
  }
};

}  // namespace oftwin::harness

// Recordings of the original switch (corpus/recordings/README.md): read, and played as a subject.
//
// A recording becomes events and, for each event, what came out. A step's input is one event (a delivery to several
// connections: one for each), its `n` iterations are a Loop{n} event. Rules are named in events as the model names
// them (which follows from the recording alone: a message can make one rule, and `take` says which message is at work)
// and by the recording's own numbers in observations.
//
// Invariant: `outputs` has one entry for each event, and a scenario in which the original died is cut before its last
// step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/subject/subject.h"
#include "harness/trace.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::harness {

// The state that the original reported of itself; only what is meant to be compared.
struct StateDump {
  struct Rule {
    RuleName rule;  // provisional
    std::uint8_t table = 0;
    std::uint32_t priority = 0;
    Bytes match_rendering, actions;
    std::uint64_t cookie = 0;
    std::uint16_t idle_timeout = 0, hard_timeout = 0;
    bool send_flow_removed = false, pending = false;
    std::uint64_t packets = 0, bytes = 0;
    auto operator<=>(const Rule&) const = default;
  };
  struct Operation {
    OperationKind kind = OperationKind::add;
    RuleName rule;  // provisional
    bool operator==(const Operation&) const = default;
  };
  struct Connection {
    ConnName name;
    std::optional<std::uint8_t> blocked;  // OpenFlow type of its postponed message
    bool operator==(const Connection&) const = default;
  };
  std::size_t after = 0;  // how many events had happened
  std::vector<Rule> rules;
  std::vector<Operation> operations;  // oldest first
  std::vector<Connection> connections;
};

struct Recording {
  std::string id, theme;
  SwitchConfig config;
  std::vector<Event> events;
  std::vector<std::vector<Observation>> outputs;
  std::vector<std::size_t> steps;  // of each event, the recording's step (from 0)
  std::vector<StateDump> dumps;
  std::string end;  // "ok", or how the original died
};

// What is wrong with a file, with its name, line and byte.
class RecordingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Calls `visit` for each recording of a .jsonl.gz (or plain .jsonl) file; stops early when it returns false. throws
// RecordingError.
void read_recordings(const std::string& path, const std::function<bool(const Recording&)>& visit);

// Without expectations; one block for each run of events that ends with a Loop.
Trace trace_of(const Recording& recording);

// The original, as far as it was recorded. Events must be driven in the recording's order, from the first.
class RecordingSubject : public Subject {
 public:
  explicit RecordingSubject(const Recording& recording) : recording_(recording) {}
  void reset(const SwitchConfig&) override { next_ = 0; }
  void drive(const Event& event, std::vector<Observation>& out) override;
  unsigned channels() const override;
  // A recording shows matches as NXM, and hides why its provider refused something.
  void project(Observation& observation) const override;
  std::string name() const override { return "recording " + recording_.id; }

 private:
  const Recording& recording_;
  std::size_t next_ = 0;
};

}  // namespace oftwin::harness

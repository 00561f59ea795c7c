// The minimizer: makes a trace that shows a divergence as small and as plain as it can, and keeps it showing it.
//
// First everything after the divergence goes, then events in chunks that halve, then single events, then what is in
// the events and in the head (fields, actions, answers, connections, ports, tables), then values become small and
// readable (ports 1, 2, 3; cookies 0xa, 0xb; priorities 10, 20; xids by default), the loop settles after each message
// where that changes nothing, and events are numbered anew; all of it again until nothing changes. Events name rules
// stably and ignore what does not exist, so every subsequence is a trace and nothing has preconditions.
//
// Invariants: deterministic (no clock, no randomness; the effort is bounded by the number of probes, unless the caller
// ends it); no candidate is probed twice; the result shows what the probe asks for. If it was not ended early, no
// single event of the result but a Loop can be left out, and the result is what minimizing it again gives.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "harness/lockstep.h"
#include "harness/trace.h"

namespace oftwin::harness {

// Runs a candidate. The index of the event at which it shows what is looked for; nullopt: it does not.
using Probe = std::function<std::optional<std::size_t>(const SwitchConfig&, std::span<const Event>)>;

// What a divergence looks like, without the circumstances that a smaller trace will not share.
struct Symptom {
  std::string want, got;  // kind of observation and, for messages, what they say; empty: nothing
  bool lost = false;      // the subject went away
  // Whether a trace that shows this may stand for one that shows `other`.
  bool like(const Symptom& other) const;
  bool operator==(const Symptom&) const = default;
};
Symptom symptom_of(const Divergence& divergence);

// Runs the trace once and tells what it shows; nullopt: both sides agree.
std::optional<Symptom> symptom_of_run(Subject& subject, const LockstepOptions& options, const SwitchConfig& config,
                                      std::span<const Event> events, std::size_t* event_index = nullptr);

// Probes for a divergence of the same kind. `subject` outlives the probe.
Probe shows(Subject& subject, LockstepOptions options, Symptom symptom);

struct MinimizeLimits {
  std::size_t max_probes = 20000;
  // Asked before each probe but the first: the smallest so far will do; may be empty.
  std::function<bool()> enough;
  // Told after each probe: probes so far, events left.
  std::function<void(std::size_t, std::size_t)> progress;
};

// What it took.
struct MinimizeEffort {
  std::size_t probes = 0;
  bool complete = true;  // false: ended early, by its limits; the trace may have room for more
};

// nullopt if the trace does not show it in the first place. Expectations are dropped, clauses too.
std::optional<Trace> minimize(const Trace& trace, const Probe& probe, const MinimizeLimits& limits = {},
                              MinimizeEffort* effort = nullptr);

// All of it: finds what the trace shows against `subject`, and minimizes that.
std::optional<Trace> minimize_divergence(const Trace& trace, Subject& subject, const LockstepOptions& options = {},
                                         const MinimizeLimits& limits = {}, MinimizeEffort* effort = nullptr);

}  // namespace oftwin::harness

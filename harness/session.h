// Judges a captured session: the subject against the model, message by message, and the real switch's replies in the
// capture against the model's.
//
// The two judgements are independent of each other. Of the real switch's replies everything is compared that
// harness/session_reply.h reads: per request, by connection and xid; what the switch sends of its own accord by kind
// and in order. Freedoms: the order of flows in a reply, of the flow-removed messages of one request, of messages on
// different connections, the cutting of statistics into parts. Durations may differ by kDurationTolerance_ms, since the
// capture's clock is not the switch's. Any other difference must stand in NAME.differences, or the session disagrees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/lockstep.h"
#include "harness/session_differences.h"
#include "harness/session_events.h"
#include "harness/subject/subject.h"

namespace oftwin::harness {

inline constexpr std::uint64_t kDurationTolerance_ms = 1000;

// How the real switch's replies compare with the model's.
struct ReplyCounts {
  std::uint64_t requests = 0;  // controller messages; each is counted in exactly one of the next four
  std::uint64_t equal = 0;     // answered alike
  std::uint64_t silent = 0;    // answered by neither
  std::uint64_t covered = 0;   // with known differences only
  std::uint64_t differing = 0;
  std::uint64_t asynchronous = 0;  // packet-in, flow-removed, port-status messages that are equal
  ReplyCounts& operator+=(const ReplyCounts& other);
};

struct SessionReport {
  std::string name, subject;
  std::size_t connections = 0, frames = 0;
  ProviderMode provider = ProviderMode::simulated;
  Stats stats;  // of the lockstep; stats.messages are the messages judged on both sides
  std::optional<Divergence> divergence;
  Trace trace;  // what was played, for a report of the divergence
  ReplyCounts replies;
  std::vector<KnownDifference> known;  // with how often each was used
  std::vector<std::string> problems;   // the real switch against the model, one line each

  bool agreed() const { return !divergence && problems.empty(); }
};

// NAME.pcap. throws CaptureError, DifferencesError, SubjectLost.
SessionReport check_session(const std::string& path, Subject& subject);

// The captures of a folder, in the order of their names.
std::vector<std::string> find_sessions(const std::string& folder);

// A few lines for a person: messages judged, replies equal, replies covered for each label, problems.
std::string print_session(const SessionReport& report);

}  // namespace oftwin::harness

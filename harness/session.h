// Judges a captured session: the real switch's replies in the capture against the model's; and, to be sure of the
// model, the subject against the model, message by message.
//
// The two judgements are independent of each other. Of the real switch's replies everything is compared that
// harness/session_reply.h reads: per request, by connection and xid; what the switch sends of its own accord by kind
// and in order. Freedoms: the order of flows in a reply, of the flow-removed messages of one request, of messages on
// different connections, the cutting of statistics into parts. Durations may differ by kDurationTolerance_ms, since the
// capture's clock is not the switch's. What the capture does not tell is not judged (harness/session_unknown.h). Any
// other difference must stand in NAME.differences, or the session disagrees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/lockstep.h"
#include "harness/session_compare.h"
#include "harness/session_differences.h"
#include "harness/session_events.h"
#include "harness/subject/subject.h"

namespace oftwin::harness {

// How the real switch's replies compare with the model's.
struct ReplyCounts {
  std::uint64_t requests = 0;  // controller messages; each is counted in exactly one of the next five
  std::uint64_t equal = 0;     // answered alike
  std::uint64_t silent = 0;    // answered by neither
  std::uint64_t covered = 0;   // with known differences only
  std::uint64_t differing = 0;
  std::uint64_t unjudged = 0;      // nothing of the answer can be judged
  std::uint64_t asynchronous = 0;  // packet-in, flow-removed, port-status messages that are equal
  ReplyCounts& operator+=(const ReplyCounts& other);
  // Of which something was compared.
  std::uint64_t compared() const { return requests - unjudged; }
};

// One place where the real switch differs from the model.
struct SessionProblem {
  std::size_t packet = 0;  // that the request, or what is wrong by itself, was completed with; 0: it is about no packet
  std::string about;       // `s1 stats_request aggregate`, `c1 unasked`, `c1`
  std::vector<ReplyDifference> differences;
  std::string note;   // what is wrong, if that is not a difference of records, or not only
  ClauseSet clauses;  // that the model hit there
  ClauseSet accused;  // that it is laid to

  std::string line() const;  // packet 11: s1 stats_request aggregate: aggregate.flows: model 1 | switch 5
  std::string text() const;  // all of it, with the sentences of the clauses that it is laid to
};

struct SessionReport {
  std::string name, subject;
  std::string on_switch;  // who the switch in the capture is, as far as it says: its description, or its address
  std::size_t connections = 0, frames = 0;
  ProviderMode provider = ProviderMode::simulated;
  Stats stats;  // of the lockstep; stats.messages are the messages judged on both sides
  std::optional<Divergence> divergence;
  Trace trace;  // what was played, for a report of the divergence
  ReplyCounts replies;
  std::vector<KnownDifference> known;             // with how often each was used
  std::vector<SessionProblem> problems;           // the real switch against the model
  std::map<std::string, std::uint64_t> unjudged;  // why something was not judged, how often
  std::vector<std::string> notes;                 // where the capture ends early, connections that are not judged
  ClauseSet compared;                             // clauses at work where the real switch's answers were compared
  std::size_t earlier_flows = 0;                  // that were there before the capture

  bool agreed() const { return !divergence && problems.empty(); }
};

// NAME.pcap. `profile` (may be nullptr): what the switch has. throws CaptureError, DifferencesError, SubjectLost.
SessionReport check_session(const std::string& path, Subject& subject, const Profile* profile = nullptr);

// The captures of a folder, in the order of their names.
std::vector<std::string> find_sessions(const std::string& folder);

// A few lines for a person: messages judged, replies equal, replies covered for each label, problems.
std::string print_session(const SessionReport& report);

}  // namespace oftwin::harness

// A captured session as events: what the controllers sent, the frames that arrived, the time that passed.
//
// The connections that the switch opened are primaries (one for each address that it connected to), the others service
// connections. Each controller message is one event, handled before the next one arrives; HELLO is left out. What the
// switch tells of the world around it becomes an event: a flow-removed message that tells of a time-out is the
// provider's doing, a port-status message a change of a port, and flows that it lists and nobody in the capture made
// were there before: another connection makes them (harness/session_before.h).
//
// Invariant: `message_of` has one entry for each event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/capture.h"
#include "harness/profile.h"
#include "harness/session_config.h"
#include "harness/session_reply.h"
#include "harness/trace.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/names.h"

namespace oftwin::harness {

// By which the capture's clock and the switch's may differ.
inline constexpr std::uint64_t kDurationTolerance_ms = 1000;

struct Session {
  std::string name;  // of the file, without folder and ending
  Capture capture;
  SwitchConfig config;
  bool ports_known = false, addresses_known = false;   // see SessionConfig
  std::vector<ConnName> conns;                         // of capture.connections
  std::vector<Event> events;                           // every one that is no Loop is followed by one, or by others
  std::vector<std::optional<std::size_t>> message_of;  // of each event, into capture.messages
  std::size_t frames = 0;
  bool frames_known = false;  // NAME.frames is there: no others arrived
  // When flows may first have timed out without a word, since the beginning; nullopt: never.
  std::optional<std::uint64_t> may_time_out_ms;

  // By message. Of a controller's: those of the switch that answer it; whether it is known then which flows there are,
  // and whether the packet is there that it names by a buffer id.
  std::vector<std::vector<std::size_t>> replies;
  std::vector<bool> flows_known, buffer_known;
  // Those that the switch refused and that are no events: the profile rules them out, or flows that are not known; why.
  std::map<std::size_t, std::string> ruled_out;
  // Refused requests that are no events: what the model answers (see SessionBuilder::is_refused_beside()).
  std::map<std::size_t, std::vector<ReplyRecord>> refusals;
  // Of the switch's: what it answers.
  std::vector<std::optional<std::size_t>> request_of;

  std::set<std::string> earlier;         // flows from before, by identity_of() without the table
  std::optional<ConnName> earlier_conn;  // that makes them
};

// NAME.pcap (or .pcapng, .cap, packed by gzip or not), with NAME.frames beside it if there is one. `profile` (may be
// nullptr): what the switch is like as far as the capture does not say. throws CaptureError.
Session read_session(const std::string& path, const Profile* profile = nullptr);

// `folder/name` of a capture `folder/name.pcap.gz`: what stands beside it has that name and another ending.
std::string session_stem(const std::string& path);

// Without expectations.
Trace trace_of(const Session& session);

}  // namespace oftwin::harness

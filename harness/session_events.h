// A captured session as events: what the controllers sent, the frames that arrived, the time that passed.
//
// What the switch was like (ports, tables, descriptions, datapath id) is taken from its first replies. The connections
// that it opened are primaries (one for each address that it connected to), the others service connections. Each
// controller message is one event, handled before the next one arrives; HELLO is left out. A flow-removed message of
// the real switch that tells of a time-out is the provider's doing: the expiry becomes an event.
//
// Invariant: `message_of` has one entry for each event.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/capture.h"
#include "harness/trace.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/names.h"

namespace oftwin::harness {

struct Session {
  std::string name;  // of the file, without folder and ending
  Capture capture;
  SwitchConfig config;
  std::vector<ConnName> conns;                         // of capture.connections
  std::vector<Event> events;                           // every one that is no Loop is followed by one, or by others
  std::vector<std::optional<std::size_t>> message_of;  // of each event, into capture.messages
  std::size_t frames = 0;
};

// NAME.pcap, with NAME.frames beside it if there is one. throws CaptureError.
Session read_session(const std::string& path);

// Without expectations.
Trace trace_of(const Session& session);

}  // namespace oftwin::harness

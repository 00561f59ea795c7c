// Scenarios: traces that can be played on a live switch, and how they are made.
//
// Of a trace only what its peers do can be caused from outside: messages, connections, time, frames on ports that have
// a cable. What is left out of a trace that is read from a file would change its meaning, so such a trace is not
// played, and the reason is counted. Invariant of a scenario: it is made of Recv, Clock, PacketArrives, ConnOpen and
// ConnClose, each Recv carries exactly one whole message, and each is followed by a Loop{0}; its config is the switch's
// own, with as many of the switch's connections, the first ones, as it uses; all are open at its beginning; nothing in
// it is lost when its xids are rewritten.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "harness/live/introduce.h"
#include "harness/trace.h"

namespace oftwin::harness::live {

struct DrawOptions {
  bool nxm = true, table_id = true;  // the extensions that the switch has
  bool malformed = true;
  unsigned timed_per_10000 = 1;       // scenarios that wait for time-outs, of hundreds of flows: waiting takes long
  std::size_t connections = 1;        // some scenarios use up to that many of the config's
  bool reconnects = false;            // and close and open them
  unsigned several_per_cent = 2;      // scenarios that use more than one
  std::vector<std::uint16_t> cables;  // ports on which frames can arrive
  std::size_t min_inputs = 4, max_inputs = 40;
};

// The same seed, config and options make the same scenario. `config` has its connections.
Trace draw_scenario(std::uint64_t seed, const SwitchConfig& config, const DrawOptions& options);

// The scenario that plays `trace` on a switch of this config; or why it cannot be played from outside. `reconnects`:
// its connections can be closed and opened. `cables`: ports on which frames can arrive.
std::variant<Trace, std::string> scenario_of(const Trace& trace, const SwitchConfig& config, bool reconnects = false,
                                             const std::vector<std::uint16_t>& cables = {});

// The message that a Recv of a scenario carries.
ByteView message_of(const Event& event);
// The connection that an event of a scenario is about; nullptr: none.
ConnName* connection_in(EventBody& body);

}  // namespace oftwin::harness::live

// Other names and numbers for the same trace: what the minimizer does last, for the reader.
//
// Invariant: rules, ports, cookies and so on that were equal stay equal, and what was different stays different.
#pragma once

#include <vector>

#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

// One event for each message: rules are renamed accordingly, events are numbered anew. Bytes that complete no message
// stay as they are.
std::vector<Event> split_messages(const std::vector<Event>& events);

// A message that arrives in pieces arrives whole, with its last piece.
std::vector<Event> with_whole_messages(const std::vector<Event>& events);

// Two times with nothing but loops between them are one: for each pair, all before it joined, too; the last one first.
std::vector<std::vector<Event>> with_joined_clocks(const std::vector<Event>& events);

// The loop runs at the end, if it runs there, and nowhere else.
std::vector<Event> without_loops(const std::vector<Event>& events);

// The other way of splitting: messages that arrive on one connection with nothing but loops between them arrive
// together.
std::vector<Event> joined_messages(const std::vector<Event>& events);

// Lets the loop settle after each message that nothing else settles, so that each message's consequences stand apart.
std::vector<Event> with_loops_between(const std::vector<Event>& events);

// Numbers events from 1 in their order (Loops: 0), with rules renamed accordingly. `default_xids`: messages get the
// xids that follow from their new numbers (request.h).
std::vector<Event> renumbered(const std::vector<Event>& events, bool default_xids);

struct Renaming {
  SwitchConfig config;
  std::vector<Event> events;
};
// All in order of first use, in head, messages and events alike; reserved ports stay.
Renaming with_plain_ports(const SwitchConfig& config, const std::vector<Event>& events);        // 1, 2, 3 ..
Renaming with_plain_connections(const SwitchConfig& config, const std::vector<Event>& events);  // c1, c2 .., s1, s2 ..
// One connection's part played by c1; each that is used, but c1.
std::vector<Renaming> with_fewer_connections(const SwitchConfig& config, const std::vector<Event>& events);
std::vector<Event> with_plain_cookies(const std::vector<Event>& events);  // 0xa, 0xb .. (0 stays)
// In their order of size: 10, 20 .. (the default stays).
std::vector<Event> with_plain_priorities(const std::vector<Event>& events);
// 00:00:00:00:00:01, .. and 0.0.0.1, .. (zeros, groups, and what has a mask, stay).
std::vector<Event> with_plain_addresses(const std::vector<Event>& events);

}  // namespace oftwin::harness

// Which goals one packet can show together, and so how few packets do.
//
// Goals share a packet if their regions have one in common. First fit gives a set of packets; as many goals that
// exclude each other in pairs prove that it is the smallest; else a search over all ways to share, as long as it may
// take.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/probe/goals.h"

namespace oftwin::probe {

// Goals that share a packet.
struct Shared {
  Region region;  // what all of them have in common
  Cube packet;    // in it
};

struct Sharing {
  std::vector<Shared> packets;
  std::size_t at_least = 0;
  bool minimal = false;
};

// `effort`: attempts to join two regions that the search may make; 0: no search.
Sharing share(const Goals& goals, std::uint64_t effort, WitnessSearch& search);

}  // namespace oftwin::probe

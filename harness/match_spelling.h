// One spelling for the OpenFlow 1.0 matches that a switch sends (MATCH-9): what the standard leaves open in them is
// taken out, so that two that ask the same of packets are the same bytes.
//
// Invariant: settling twice changes nothing more, and no bit that is asked of a packet is touched.
#pragma once

#include <cstdint>
#include <span>

#include "spec/bytes.h"
#include "spec/openflow.h"

namespace oftwin::harness {

// match: an ofp_match as sent. source: OpenFlow 1.0 section 5.2.3
void settle_match(std::span<std::uint8_t, wire::match::size> match);

// Settles every such match in one whole message of a switch. False: it is none of those that have some (flow-removed,
// flow statistics), or is cut short.
bool settle_matches(Bytes& message);

}  // namespace oftwin::harness

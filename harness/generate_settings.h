// Settings out of a small universe, in which they meet. Part of harness/generator.h.
#pragma once

#include "harness/source.h"
#include "spec/event.h"

namespace oftwin::harness {

// Anything that the switch can be told about itself.
EventBody draw_setting(Source& source);

// The names of the rules that an event of this id may make go from {id, 1} to {id, most}; 0: it makes none. A message
// makes at most one, whatever else it does; see there.
std::uint32_t most_own_rules(const EventBody& body);

}  // namespace oftwin::harness

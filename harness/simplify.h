// Plainer versions of one event or of a switch's head, for the minimizer to try.
//
// Each list goes from the boldest to the most careful. Invariant: every suggestion is strictly simpler by one fixed
// measure (fewer bytes, fewer fields, a value nearer to its default), so that trying again and again ends.
#pragma once

#include <vector>

#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

std::vector<EventBody> simpler(const EventBody& body);
std::vector<SwitchConfig> simpler(const SwitchConfig& config);

// Versions of a whole trace in which one part is plain everywhere at once (fields that have to stay equal in several
// messages can't be simplified one by one).
std::vector<std::vector<Event>> simpler_together(const std::vector<Event>& events);

}  // namespace oftwin::harness

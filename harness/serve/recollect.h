// A trace that brings a new switch near to what an old one had become: its flows, ports, settings and connections. What
// cannot be said in events (counters, ages, what had been agreed on in a session) is lost.
#pragma once

#include <vector>

#include "model/state.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

struct Recollection {
  SwitchConfig config;
  std::vector<Event> events;  // ids from 1
};

// `began`: what the old one was at its beginning.
Recollection recollect(const SwitchConfig& began, const model::State& state);

}  // namespace oftwin::harness

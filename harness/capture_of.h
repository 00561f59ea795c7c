// A trace as a capture: what its controllers say, what the model answers in the trace's edition, when.
//
// Each connection begins with HELLO on both sides, the first one with the switch's features as well, so that the
// capture says what the switch is like. Primaries are connections that the switch opens, service connections such as it
// accepts. What does not go over a connection is not in a capture: frames on ports stand in NAME.frames, all else is
// left out.
#pragma once

#include <cstddef>
#include <string>

#include "harness/trace.h"

namespace oftwin::harness {

struct WrittenCapture {
  std::string pcap;
  std::string frames;        // for NAME.frames; empty: no frames arrive
  std::size_t left_out = 0;  // events that a capture has no words for
};
WrittenCapture capture_of(const Trace& trace);

}  // namespace oftwin::harness

// Traces out of nothing but a source of decisions: what a fuzz campaign, a property and a benchmark run on.
//
// Swarm testing: every trace first draws how much of each feature it will have (often: none), and a small universe of
// matches that cover and overlap each other, so that loose, strict, overlap and replace have something to meet.
// Invariants: the same answers of the source make the same trace; every trace prints, parses and replays.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/source.h"
#include "harness/trace.h"

namespace oftwin::harness {

struct GeneratorOptions {
  std::size_t min_inputs = 4, max_inputs = 70;  // events that are not Loop
  bool simulated = true;                        // some traces run on the simulated datapath, with packets
  bool scripted = true;                         // some on the scripted provider
  bool malformed = true;                        // broken, truncated and unknown messages
  bool buffers = true;                          // packet-ins and buffer ids
  bool roles = true;                            // role requests
  bool flushes = true;                          // flush, rules of the switch's own, expiry, destruction
  bool faults = true;                           // refusals of alloc, choose-table, execute, packet-out
  bool disconnects = true;                      // connections close, open, stall
  bool nicira_match = true;                     // flow-mods and statistics with NXM matches
  bool settings = true;                         // what the switch is told about itself; snooping
  bool limits = false;                          // some switches have small limits; for subjects that can be given them
};

Trace generate(Source& source, const GeneratorOptions& options = {});
Trace generate(std::uint64_t seed, const GeneratorOptions& options = {});

// The profile by which speeds are counted: `messages` requests of which 70 % are flow-mods, 15 % statistics, the rest
// barriers and others, one connection, 20 to 60 rules in the table, a scripted provider of which a tenth answers late.
Trace benchmark_trace(std::uint64_t seed, std::size_t messages);

}  // namespace oftwin::harness

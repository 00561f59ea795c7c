// Generated tables with the packets that test them, as traces: flows are added, each of which marks a packet that meets
// it and hands it up; then comes one packet-out to the table for each probe of the plan; then the counters are asked
// for.
//
// Only what can be caused from outside, and all on one connection: every kind of subject can play such a trace.
// Invariant: the same seed, switch and profile make the same trace; with a profile, nothing in it has an obstacle.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/probe/probe.h"
#include "harness/profile.h"
#include "harness/request.h"
#include "harness/source.h"
#include "harness/trace.h"
#include "spec/config.h"

namespace oftwin::probe {

// A flow-mod that adds (in one form or the other), and the rule that it makes. Not two of a list make the same.
struct DrawnRule {
  harness::Request add;
  Rule rule;
};
// mixed: few values in many fields, overlapping much. routes: prefixes of all lengths, some with protocol and port.
enum class TableKind : std::uint8_t { mixed, routes };
// As many as there are different ones, up to `n`. `profile` may be nullptr: everything is allowed.
std::vector<DrawnRule> draw_rules(harness::Source& source, TableKind kind, std::size_t n, const SwitchConfig& config,
                                  const harness::Profile* profile);

// Of up to 30 rules on the first connection of `config`; with ports 1 to 3 if it has none.
harness::Trace table_with_probes(std::uint64_t seed, const SwitchConfig& config, const harness::Profile* profile);

}  // namespace oftwin::probe

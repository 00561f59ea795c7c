// A divergence as text for a person: what was sent, what was wanted, what came instead, and which sentences of the
// specification were at work there.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/lockstep.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

// The lines compared at that event: `both` agree, `wanted` and `got` differ.
// `events` (may be empty) give replies the names of their requests.
std::string print_difference(const Divergence& divergence, std::span<const Event> events = {});

// ADD-4 A failed add restores its victim (spec/flow_mod.md:31), and its sentences, for each.
std::string print_clauses(const ClauseSet& clauses);

// The clauses that a divergence is laid to: at work where it shows, not before, and not ones that any message hits; the
// nearest to that if there are none such.
ClauseSet suspects(const SwitchConfig& config, const Divergence& divergence);

// The clauses at work where it diverges: with their sentences those that were not at work before and that not any
// message hits, the others by their IDs.
std::string print_clauses(const SwitchConfig& config, const Divergence& divergence);

// All of it: the events up to the divergence, the difference, the clauses.
std::string print_report(const SwitchConfig& config, std::span<const Event> events, const Divergence& divergence,
                         std::string_view subject);

}  // namespace oftwin::harness

// Small changes to a trace that keep it a trace: what a fuzzer does instead of flipping bytes.
//
// Invariants: the result's ids are 1, 2, 3 .. over its inputs, references to rules follow their events, whole messages
// carry their default xids, every block ends with a Loop. The same answers of the source make the same change.
#pragma once

#include "harness/source.h"
#include "harness/trace.h"

namespace oftwin::harness {

// At most this many events come out of a mutation or a crossover.
inline constexpr std::size_t kMaxMutatedEvents = 400;

// One change: an event or a run of events dropped, doubled, moved, taken from a fresh trace; one field of one message;
// one answer; one completion.
void mutate(Trace& trace, Source& source);

// The beginning of one and the end of the other, or the one with a run of the other inside.
Trace crossover(const Trace& a, const Trace& b, Source& source);

}  // namespace oftwin::harness

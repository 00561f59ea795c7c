// What the law leaves open in a field of a reply, so that it is no difference.
//
// Invariant: only what a clause of kind freedom names is followed; anything else in the records stays as it is.
#pragma once

#include <vector>

#include "harness/session_reply.h"
#include "spec/bytes.h"

namespace oftwin::harness {

// Makes the model's records say what the switch's say where they may differ: how much an error quotes of `request`
// (MSG-21), counters of ports that the switch does not keep (STAT-19).
void follow_freedoms(std::vector<ReplyRecord>& model, const std::vector<ReplyRecord>& real, ByteView request);

}  // namespace oftwin::harness

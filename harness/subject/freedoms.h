// What a datapath of somebody else's is free to do in another order, or not to know (DP-20, OpenFlow's "unknown").
#pragma once

#include <span>

#include "spec/observation.h"

namespace oftwin::harness {

// `got`: what the subject did from the place on where the model did `want`. Of one packet's lookups and
// copies handed up, each kind keeps its order; the first of the kind of `want` is brought to the front, of copies on
// its port the one that it is, if there is one. A counter of ports and tables that the subject says it does not know is
// not known in `want` either.
void use_freedoms(Observation& want, std::span<Observation> got);

}  // namespace oftwin::harness

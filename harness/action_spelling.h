// One spelling for action lists that a switch lists: bits without a meaning (ACT-22) are cleared.
#pragma once

#include "spec/bytes.h"

namespace oftwin::harness {

// actions: any bytes; what cannot be cut into actions is left alone. source: OpenFlow 1.0 section 5.2.4
void settle_actions(Bytes& actions);

}  // namespace oftwin::harness

// A match as NXM entries, in the order and with the omissions of the recordings (corpus/recordings/README.md, 5).
#pragma once

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

// A field that NXM can't express for the match's ethertype and protocol does not show.
Bytes render_nxm(const Match& match);

}  // namespace oftwin::harness

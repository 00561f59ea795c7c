// Extended matches drawn from the same few values as the others, so that flows made in one form meet requests made in
// the other.
//
// Part of harness/generator.h. Most draws are right; some have a defect, each kind of them.
#pragma once

#include "harness/request.h"
#include "harness/source.h"
#include "spec/bytes.h"

namespace oftwin::harness {

// The entries, without padding.
Bytes draw_nxm(Source& source);

// The entries that say the same as `match`, as far as there are such.
Bytes nxm_of(const WireMatch& match);

// Adds an entry, drops one, or damages one, rightly or not.
void vary_nxm(Source& source, Bytes& entries);

}  // namespace oftwin::harness

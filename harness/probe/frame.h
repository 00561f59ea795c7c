// Frames by what they look like to a match.
#pragma once

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::probe {

// A whole frame of at least 60 bytes, lengths and checksums right, that has this key (in_port belongs to how it is
// sent). `payload` stands behind the last header, where the frame has one behind which it can stand. The key is one
// that some frame has (shape.h); of any other, the frame has as much as a frame can have.
Bytes frame_of(const FlowKey& key, ByteView payload = {});

}  // namespace oftwin::probe

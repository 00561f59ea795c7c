// Plainer versions of frames, for the minimizer to try (simplify.h).
#pragma once

#include <vector>

#include "spec/bytes.h"

namespace oftwin::harness {

// Nothing; a header and its doubles; the same length in zeros.
std::vector<Bytes> simpler_bytes(const Bytes& bytes);

// The same for a frame; and cut, or in zeros, behind each of its headers; one of its addresses in zeros.
std::vector<Bytes> simpler_frames(const Bytes& frame);

}  // namespace oftwin::harness

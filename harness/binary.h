// Traces as compact bytes, for fuzzers and for keeping many.
//
// Carries the switch and the events; comments, claims and expectations are text's. Decoding is total: any bytes are
// some trace, so a fuzzer may flip what it likes (bytes that end early end the trace, numbers too large are brought
// into range). Bytes that encode_binary() made begin with kBinaryMagic and kBinaryVersion; others are read as if they
// did.
//
// Invariant: decode_binary(encode_binary(t)) has the events and the switch of t, for every t that normalize() leaves as
// it is, that has no port and no connection twice, and no text longer than the wire has room for.
#pragma once

#include <string_view>

#include "harness/trace.h"
#include "spec/bytes.h"

namespace oftwin::harness {

inline constexpr std::string_view kBinaryMagic = "OFTB";
inline constexpr std::uint8_t kBinaryVersion = 2;

bool is_binary_trace(ByteView bytes);

Bytes encode_binary(const Trace& trace);
// Blocks as make_blocks() makes them.
Trace decode_binary(ByteView bytes);

}  // namespace oftwin::harness

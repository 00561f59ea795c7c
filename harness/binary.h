// Traces as compact bytes, for fuzzers and for keeping many.
//
// Carries the switch and the events; comments, claims and expectations are text's. Decoding is total: any bytes are
// some trace, so a fuzzer may flip what it likes (bytes that end early end the trace, numbers too large are brought
// into range), unless the caller asks for a whole one. Bytes that encode_binary() made begin with kBinaryMagic and
// kBinaryVersion; others are read as if they did.
//
// Invariant: decode_binary(encode_binary(t)) has the events and the switch of t, for every t that normalize() leaves as
// it is, that has no port and no connection twice, and no text longer than the wire has room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/trace.h"
#include "spec/bytes.h"

namespace oftwin::harness {

inline constexpr std::string_view kBinaryMagic = "OFTB";
// Goes up whenever the layout changes; an event of a new kind changes it, too. corpus/fuzz-seeds is to be made anew
// then.
inline constexpr std::uint8_t kBinaryVersion = 2;

bool is_binary_trace(ByteView bytes);

Bytes encode_binary(const Trace& trace);

// A file that somebody keeps must be whole: refuse. A fuzzer's bytes may be anything: repair.
enum class Damage : std::uint8_t { repair, refuse };
struct BinaryError {
  std::size_t offset;
  std::string what;
};
// Blocks as make_blocks() makes them. Throws BinaryError, if damage is to be refused and the bytes end before the
// trace's end mark, or go on after it.
Trace decode_binary(ByteView bytes, Damage damage = Damage::repair);

}  // namespace oftwin::harness

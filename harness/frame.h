// Frames by what they look like to a match.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

inline constexpr std::size_t kSmallestFrame = 60;  // bytes on Ethernet, without its checksum

// A whole frame of at least `smallest` bytes, lengths and checksums right, that has this key (in_port belongs to how it
// is sent). `payload` stands behind the last header, where the frame has one behind which it can stand. The key is one
// that some frame has (probe/shape.h); of any other, the frame has as much as a frame can have.
Bytes frame_of(const FlowKey& key, ByteView payload = {}, std::size_t smallest = kSmallestFrame);

// The Internet checksum of a header in which the checksum itself is zero. source: RFC 1071
std::uint16_t internet_checksum(ByteView header);

}  // namespace oftwin::harness

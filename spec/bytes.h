// Byte strings as they appear on the wire, and as everything else that is opaque.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oftwin {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

}  // namespace oftwin

// The Internet checksum, changed step by step. source: RFC 1624, equation 3.
#pragma once

#include <cstdint>

namespace oftwin::sim {

// The checksum after one 16-bit word of what it covers changed. Right however wrong it was before.
constexpr std::uint16_t adjust_checksum(std::uint16_t checksum, std::uint16_t from, std::uint16_t to) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~from);
  sum += to;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace oftwin::sim

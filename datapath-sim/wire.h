// Big-endian integers at a place in a frame or an action list. The caller has checked that they lie inside.
#pragma once

#include <cstddef>
#include <cstdint>

namespace oftwin::sim {

constexpr std::uint16_t load16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }

constexpr std::uint32_t load32(const std::uint8_t* p) {
  return static_cast<std::uint32_t>(load16(p)) << 16 | load16(p + 2);
}

constexpr std::uint64_t load48(const std::uint8_t* p) {
  return static_cast<std::uint64_t>(load16(p)) << 32 | load32(p + 2);
}

// The number in `size` bytes, at most 8.
constexpr std::uint64_t load(const std::uint8_t* p, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | p[i];
  return value;
}

constexpr void store16(std::uint8_t* p, std::uint16_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}

constexpr void store32(std::uint8_t* p, std::uint32_t v) {
  store16(p, static_cast<std::uint16_t>(v >> 16));
  store16(p + 2, static_cast<std::uint16_t>(v));
}

constexpr void store48(std::uint8_t* p, std::uint64_t v) {
  store16(p, static_cast<std::uint16_t>(v >> 32));
  store32(p + 2, static_cast<std::uint32_t>(v));
}

}  // namespace oftwin::sim

// Plain values, for the minimizer to try (simplify.h): what a field is set to where its value does not matter.
//
// Invariant: a plainer value is smaller, so that trying again and again ends.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <span>

namespace oftwin::harness {

// In the order in which they are tried.
inline constexpr std::array<std::uint8_t, 2> kPlainValues = {0, 1};

template <std::unsigned_integral T>
bool plainer(T field, std::uint8_t value) {
  return field > value;
}
template <std::unsigned_integral T>
void set_plain(T& field, std::uint8_t value) {
  field = value;
}

// A number of any length, highest byte first.
inline bool plainer(std::span<const std::uint8_t> field, std::uint8_t value) {
  if (field.empty()) return false;
  const bool high = std::any_of(field.begin(), field.end() - 1, [](std::uint8_t b) { return b != 0; });
  return high || field.back() > value;
}
inline void set_plain(std::span<std::uint8_t> field, std::uint8_t value) {
  std::fill(field.begin(), field.end(), std::uint8_t{0});
  field.back() = value;
}

}  // namespace oftwin::harness

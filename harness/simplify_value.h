// Plain values, for the minimizer to try (simplify.h): what a field is set to where its value does not matter.
//
// Invariant: a plainer value is smaller, so that trying again and again ends.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

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

// The runs [first, second) of `count` things to leave out, the boldest first: each by itself where they are few; of
// many (a message can hold 8,000 actions) halves to sixty-fourths, and then fewer and fewer from the end, so that the
// candidates never take more memory than some hundred copies of the message.
inline std::vector<std::pair<std::size_t, std::size_t>> runs_to_leave_out(std::size_t count) {
  constexpr std::size_t kFew = 64;
  std::vector<std::pair<std::size_t, std::size_t>> out;
  if (count <= kFew) {
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(i, i + 1);
    return out;
  }
  for (std::size_t size = count / 2; size > 0; size /= 2) {
    if (count / size > kFew) {
      out.emplace_back(count - size, count);
      continue;
    }
    for (std::size_t at = 0; at < count; at += size) out.emplace_back(at, std::min(at + size, count));
  }
  return out;
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

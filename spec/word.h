// The few operations on words that matching is written in, so that the same source runs on integers and can be
// instantiated with a solver's bit vectors: no `?:`, no short-circuit that a proof would have to follow.
#pragma once

namespace oftwin {

// `c ? a : b`, as a function, so that a symbolic word can provide its own.
template <class T>
constexpr T select(bool c, T a, T b) {
  return c ? a : b;
}

// The bits of `a` and `b` inside `mask` are the same.
template <class W>
constexpr auto agree(const W& a, const W& b, const W& mask) {
  return ((a ^ b) & mask) == W{};
}

// Every bit of `part` is in `whole`.
template <class W>
constexpr auto contains(const W& whole, const W& part) {
  return (whole & part) == part;
}

}  // namespace oftwin

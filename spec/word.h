// The few operations on words that matching is written in, so that the same source runs on integers and can be
// instantiated with a solver's words: no `?:` where both sides are wanted, no standard function on bits.
//
// A solver's word type brings its own select, countr_zero and rotl (found by its arguments) and specializes Like.
#pragma once

#include <bit>
#include <concepts>

namespace oftwin {

// T among the words that W belongs to: among machine words T itself, among a solver's words T's counterpart.
template <class W, class T>
struct Like {
  using type = T;
};
template <class W, class T>
using like = typename Like<W, T>::type;

// `c ? a : b`, as a function, so that a symbolic word can provide its own. Both sides are evaluated.
template <class T>
constexpr T select(bool c, T a, T b) {
  return c ? a : b;
}

// How many zero bits stand below the lowest one; of 0 the width.
template <std::unsigned_integral W>
constexpr int countr_zero(W w) {
  return std::countr_zero(w);
}

template <std::unsigned_integral W>
constexpr W rotl(W w, int bits) {
  return std::rotl(w, bits);
}

// A word's value, to find a place by; a symbolic word takes each value that it can have, one after the other.
template <std::integral W>
constexpr W known(W w) {
  return w;
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

// Flow keys and matches as 64-bit words, so that hashing and comparing under a mask are a few instructions a word.
//
// Invariant: a packet's key and a match put every field in the same place; the value of a match is zero outside its
// mask.
#pragma once

#include <array>
#include <cstdint>

#include "impl/provider.h"
#include "spec/match.h"

namespace oftwin::sim {

inline constexpr std::size_t kKeyWords = 15;
template <class W>
using KeyWordsOf = std::array<W, kKeyWords>;
using KeyWords = KeyWordsOf<std::uint64_t>;

template <class W>
struct MatchWordsOf {
  KeyWordsOf<W> value, mask;
};
using MatchWords = MatchWordsOf<std::uint64_t>;

KeyWords pack(const FlowKey& key);
MatchWords pack(const oft_match& match);

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

}  // namespace oftwin::sim

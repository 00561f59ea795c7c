// Sets of packets of one kind: all that have these values in these bits (what a match asks for). A packet is one for
// which every bit is said.
//
// Fields are packed into words, so that what two sets have in common is found by a few operations. Invariant: value has
// no bit outside mask.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "spec/match.h"

namespace oftwin::probe {

inline constexpr std::size_t kWords = 15;

struct Cube {
  std::array<std::uint64_t, kWords> value{}, mask{};
  bool operator==(const Cube&) const = default;
};

// Where a field stands: `bits` bits of a word from `shift` on. Fields of 128 bits are two of these, the low half first.
struct FieldPart {
  std::size_t word;
  unsigned shift, bits;
  std::uint64_t mask() const { return (bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1) << shift; }
};
struct Field {
  std::string_view name;
  std::array<FieldPart, 2> parts;
  std::size_t n_parts;
};
// The fields of a match, in its order.
inline constexpr std::size_t kFields = 21;
const std::array<Field, kFields>& fields();
std::size_t field_named(std::string_view name);  // which must exist

Cube cube_of(const Match& match);
Cube cube_of(const FlowKey& key);  // every bit is said
FlowKey key_of(const Cube& packet);

// The set in which field `name` (of at most 64 bits) has this value; in `bits` of it, if not in all.
void require(Cube& cube, std::string_view name, std::uint64_t value, std::uint64_t bits = ~std::uint64_t{0});

// Some packet is in both.
inline bool meet(const Cube& a, const Cube& b) {
  std::uint64_t differ = 0;
  for (std::size_t i = 0; i < kWords; ++i) differ |= (a.value[i] ^ b.value[i]) & a.mask[i] & b.mask[i];
  return differ == 0;
}
// Every packet of `inner` is in `outer`.
bool covers(const Cube& outer, const Cube& inner);
inline Cube both(const Cube& a, const Cube& b) {  // which meet
  Cube out;
  for (std::size_t i = 0; i < kWords; ++i) {
    out.value[i] = a.value[i] | b.value[i];
    out.mask[i] = a.mask[i] | b.mask[i];
  }
  return out;
}

}  // namespace oftwin::probe

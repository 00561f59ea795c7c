// A match packed into 64-bit words, value and mask, so that comparing, covering and overlapping are a few word
// operations and equal matches are equal words.
//
// W is std::uint64_t in the switch; the same source is proved with a solver's words (properties/prove/).
// Invariants: value & ~mask == 0 in every word; words from `words` on are zero; `words` is kBasicWords exactly when
// the mask has no bit in the words that OpenFlow 1.0 cannot express.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "impl/provider.h"
#include "spec/match.h"
#include "spec/openflow.h"
#include "spec/word.h"

namespace oftwin::impl {

// Layout, from the most significant bit down:
//   0 in_port:16 dl_src:48   1 dl_type:16 dl_dst:48   2 nw_src:32 nw_dst:32
//   3 vlan_tci:16 tp_src:16 tp_dst:16 nw_tos:8 nw_proto:8
//   4 tun_id   5 reg0:32 reg1:32   6 reg2:32 reg3:32   7 arp_sha:48   8 arp_tha:48
//   9,10 ipv6_src   11,12 ipv6_dst   13,14 nd_target
inline constexpr std::size_t kBasicWords = 4;
inline constexpr std::size_t kAllWords = 15;
template <class W>
using WordsOf = std::array<W, kAllWords>;
using Words = WordsOf<std::uint64_t>;

template <class W>
constexpr auto equal(const WordsOf<W>& a, const WordsOf<W>& b) {
  W differing{};
  for (std::size_t i = 0; i < kAllWords; ++i) differing |= a[i] ^ b[i];
  return differing == 0;
}

template <class W>
struct PackedMatchOf {
  WordsOf<W> value{};
  WordsOf<W> mask{};
  std::size_t words = kBasicWords;

  auto operator==(const PackedMatchOf& o) const { return equal(value, o.value) && equal(mask, o.mask); }
};
using PackedMatch = PackedMatchOf<std::uint64_t>;

template <class B>
PackedMatchOf<like<B, std::uint64_t>> pack(const MatchOf<B>& match);
template <class B>
WordsOf<like<B, std::uint64_t>> pack(const FlowKeyOf<B>& key);
void unpack(const PackedMatch& match, oft_match* out);

// Mixes `words` words; `basis` separates tables that share one index.
template <class W>
W hash_words(const WordsOf<W>& w, std::size_t words, std::uint64_t basis);

// Every bit that `general` asks for, `specific` asks for, with the same value.
template <class W>
constexpr auto covers(const PackedMatchOf<W>& general, const PackedMatchOf<W>& specific) {
  W differing{};
  for (std::size_t i = 0; i < general.words; ++i) {
    differing |= (general.mask[i] & ~specific.mask[i]) | ((general.value[i] ^ specific.value[i]) & general.mask[i]);
  }
  return differing == 0;
}

// Some packet could match both.
template <class W>
constexpr auto overlaps(const PackedMatchOf<W>& a, const PackedMatchOf<W>& b) {
  W differing{};
  for (std::size_t i = 0; i < a.words; ++i) differing |= (a.value[i] ^ b.value[i]) & a.mask[i] & b.mask[i];
  return differing == 0;
}

template <class W>
constexpr auto matches(const PackedMatchOf<W>& match, const WordsOf<W>& key) {
  W differing{};
  for (std::size_t i = 0; i < match.words; ++i) differing |= (match.value[i] ^ key[i]) & match.mask[i];
  return differing == 0;
}

// OpenFlow 1.0's 40-byte structure.
template <class B>
PackedMatchOf<like<B, std::uint64_t>> decode_match(const B* ofp_match);
template <class B>
void encode_match(const PackedMatchOf<like<B, std::uint64_t>>& match, B* ofp_match);
// Whether it has no wildcard as sent (then the priority is 65535).
template <class B>
auto is_exact(const B* ofp_match);

// Wildcards, silently, the fields whose lower layer is not matched.
template <class W>
void normalize(PackedMatchOf<W>& match);

}  // namespace oftwin::impl

#include "impl/match_words.h"  // IWYU pragma: export

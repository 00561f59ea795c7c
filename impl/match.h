// A match packed into 64-bit words, value and mask, so that comparing, covering and overlapping are a few word
// operations and equal matches are equal bytes.
//
// Invariants: value & ~mask == 0 in every word; words from `words` on are zero; `words` is kBasicWords exactly when
// the mask has no bit in the words that OpenFlow 1.0 cannot express.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "impl/provider.h"
#include "spec/match.h"
#include "spec/openflow.h"

namespace oftwin::impl {

// Layout, from the most significant bit down:
//   0 in_port:16 dl_src:48   1 dl_type:16 dl_dst:48   2 nw_src:32 nw_dst:32
//   3 vlan_tci:16 tp_src:16 tp_dst:16 nw_tos:8 nw_proto:8
//   4 tun_id   5 reg0:32 reg1:32   6 reg2:32 reg3:32   7 arp_sha:48   8 arp_tha:48
//   9,10 ipv6_src   11,12 ipv6_dst   13,14 nd_target
inline constexpr std::size_t kBasicWords = 4;
inline constexpr std::size_t kAllWords = 15;
using Words = std::array<std::uint64_t, kAllWords>;

struct PackedMatch {
  Words value{};
  Words mask{};
  std::size_t words = kBasicWords;

  bool operator==(const PackedMatch& o) const { return value == o.value && mask == o.mask; }
};

PackedMatch pack(const Match& match);
Words pack(const FlowKey& key);
void unpack(const PackedMatch& match, oft_match* out);

// Mixes `words` words; `basis` separates tables that share one index.
std::uint64_t hash_words(const Words& w, std::size_t words, std::uint64_t basis);

// Every bit that `general` asks for, `specific` asks for, with the same value.
inline bool covers(const PackedMatch& general, const PackedMatch& specific) {
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < general.words; ++i) {
    differing |= (general.mask[i] & ~specific.mask[i]) | ((general.value[i] ^ specific.value[i]) & general.mask[i]);
  }
  return differing == 0;
}

// Some packet could match both.
inline bool overlaps(const PackedMatch& a, const PackedMatch& b) {
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < a.words; ++i) differing |= (a.value[i] ^ b.value[i]) & a.mask[i] & b.mask[i];
  return differing == 0;
}

inline bool matches(const PackedMatch& match, const Words& key) {
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < match.words; ++i) differing |= (match.value[i] ^ key[i]) & match.mask[i];
  return differing == 0;
}

// OpenFlow 1.0's 40-byte structure. `exact` tells whether it has no wildcard as sent (then the priority is 65535).
PackedMatch decode_match(const std::uint8_t* ofp_match, bool* exact);
void encode_match(const PackedMatch& match, std::uint8_t* ofp_match);

// Wildcards, silently, the fields whose lower layer is not matched.
void normalize(PackedMatch& match);

}  // namespace oftwin::impl

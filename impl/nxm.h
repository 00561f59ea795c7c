// NXM, the extended match: a list of entries, each a header (vendor, field, whether a mask follows, length), a value
// and perhaps a mask. Read from and written to message bytes in place, driven by one table of fields.
//
// Total over any bytes. decode(encode(m)) is m for every match that decode_nxm made; what OpenFlow 1.0 can say and NXM
// cannot (an ICMP type above 255) loses the bits that do not fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "impl/match.h"
#include "spec/bytes.h"
#include "spec/error.h"

namespace oftwin::impl {

// The first defect, in the order of the entries; `out` is then of no use.
template <class B>
Error decode_nxm(std::span<const B> entries, PackedMatchOf<like<B, std::uint64_t>>* out);

// Takes a match of `match_len` bytes, and its padding, from the front of `rest`.
Error pull_nxm(ByteView* rest, std::size_t match_len, PackedMatch* out);

// Writes the match, then zeros up to a multiple of 8; `p` has room for wire::nx_flow_stats::longest_match. Returns the
// length without padding.
template <class B>
std::size_t encode_nxm(const PackedMatchOf<like<B, std::uint64_t>>& match, B* p);

// What a match of `match_len` bytes occupies.
constexpr std::size_t nxm_padded(std::size_t match_len) { return (match_len + 7) / 8 * 8; }

}  // namespace oftwin::impl

#include "impl/nxm_words.h"  // IWYU pragma: export

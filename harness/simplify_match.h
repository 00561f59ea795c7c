// Plainer versions of matches, for the minimizer to try (simplify.h): of OpenFlow 1.0, and extended ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/request.h"

namespace oftwin::harness {

// The wildcard bits of each field of a match.
inline constexpr std::uint32_t kFieldWildcards[] = {
    OFPFW_NW_TOS,
    OFPFW_TP_SRC,
    OFPFW_TP_DST,
    OFPFW_DL_SRC,
    OFPFW_DL_DST,
    OFPFW_DL_VLAN_PCP,
    OFPFW_DL_VLAN,
    OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT,
    OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT,
    OFPFW_NW_PROTO,
    OFPFW_DL_TYPE,
    OFPFW_IN_PORT,
};

// Without the field that the wildcard bits stand for.
void drop_field(WireMatch& match, std::uint32_t bits);

// Everything; without one field, for each; addresses without a prefix; values 0 and 1.
std::vector<WireMatch> simpler_matches(const WireMatch& match);

// No entry; without one, for each; without its mask; values 0 and 1.
std::vector<Bytes> simpler_entries(const Bytes& entries);

// The fields of the entries, as nxm_type << 9 without mask and length: what drop_entries() takes.
std::vector<std::uint32_t> entry_types(const Bytes& entries);
// Without the entries of that type.
Bytes without_entries(const Bytes& entries, std::uint32_t type);

// The same match as far as OpenFlow 1.0 can say it; nullopt: it can't.
std::optional<WireMatch> in_openflow10(const Bytes& entries);

}  // namespace oftwin::harness

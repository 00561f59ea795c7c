#include "harness/match_spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace oftwin::harness {

namespace {

namespace w = wire::match;
using Match = std::span<std::uint8_t, w::size>;

std::uint32_t load(ByteView bytes, wire::Field f) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < f.size; ++i) value = value << 8 | bytes[f.offset + i];
  return value;
}
void store(Match match, wire::Field f, std::uint32_t value) {
  for (std::size_t i = f.size; i-- > 0; value >>= 8) match[f.offset + i] = static_cast<std::uint8_t>(value);
}
void clear(Match match, wire::Field f) { std::ranges::fill(match.subspan(f.offset, f.size), std::uint8_t{0}); }

// Returns the wildcards with the count as it is spelled here: at most 32.
std::uint32_t settle_address(Match match, wire::Field f, std::uint32_t wildcards, unsigned shift) {
  constexpr std::uint32_t any = 32;
  const std::uint32_t count = std::min(any, wildcards >> shift & OFPFW_NW_BITS_MASK);
  const std::uint32_t mask = count == any ? 0 : ~std::uint32_t{0} << count;
  store(match, f, load(match, f) & mask);
  return (wildcards & ~(std::uint32_t{OFPFW_NW_BITS_MASK} << shift)) | count << shift;
}

struct Plain {
  std::uint32_t wildcard;
  wire::Field field;
};
constexpr std::array<Plain, 10> kPlain = {{{OFPFW_IN_PORT, w::in_port},
                                           {OFPFW_DL_SRC, w::dl_src},
                                           {OFPFW_DL_DST, w::dl_dst},
                                           {OFPFW_DL_VLAN, w::dl_vlan},
                                           {OFPFW_DL_VLAN_PCP, w::dl_vlan_pcp},
                                           {OFPFW_DL_TYPE, w::dl_type},
                                           {OFPFW_NW_TOS, w::nw_tos},
                                           {OFPFW_NW_PROTO, w::nw_proto},
                                           {OFPFW_TP_SRC, w::tp_src},
                                           {OFPFW_TP_DST, w::tp_dst}}};

}  // namespace

void settle_match(Match match) {
  std::uint32_t wildcards = load(match, w::wildcards) & OFPFW_ALL;
  wildcards = settle_address(match, w::nw_src, wildcards, OFPFW_NW_SRC_SHIFT);
  wildcards = settle_address(match, w::nw_dst, wildcards, OFPFW_NW_DST_SHIFT);
  if ((wildcards & OFPFW_DL_VLAN) == 0 && load(match, w::dl_vlan) == OFP_VLAN_NONE) {
    wildcards &= ~std::uint32_t{OFPFW_DL_VLAN_PCP};  // no tag, whatever is said of its priority
    clear(match, w::dl_vlan_pcp);
  }
  for (const Plain& plain : kPlain) {
    if ((wildcards & plain.wildcard) != 0) clear(match, plain.field);
  }
  clear(match, w::pad1);
  clear(match, w::pad2);
  store(match, w::wildcards, wildcards);
}

bool settle_matches(Bytes& message) {
  const auto settle_at = [&](std::size_t at) {
    if (message.size() < at + w::size) return false;
    settle_match(std::span(message).subspan(at).first<w::size>());
    return true;
  };
  if (message.size() < wire::stats_msg::size) return false;
  if (message[1] == OFPT_FLOW_REMOVED) return settle_at(wire::flow_removed::match.offset);
  if (message[1] != OFPT_STATS_REPLY || load(message, wire::stats_msg::type) != OFPST_FLOW) return false;
  for (std::size_t at = wire::stats_msg::size; at < message.size();) {
    if (!settle_at(at + wire::flow_stats::match.offset)) return false;
    const std::uint32_t length = load(ByteView(message).subspan(at), wire::flow_stats::length);
    if (length < wire::flow_stats::size) return false;
    at += length;
  }
  return true;
}

}  // namespace oftwin::harness

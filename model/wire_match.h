// OpenFlow 1.0's form of a match, both ways. source: OpenFlow 1.0 section 5.2.3.
// Invariant: what is read is canonical; writing leaves alone what the form has no field for.
#pragma once

#include <cstdint>

#include "model/match.h"
#include "model/wire.h"
#include "spec/match.h"
#include "spec/openflow.h"

namespace oftwin::model {

// Which bits of a matched ToS are compared (MATCH-8).
inline constexpr std::uint8_t kTosBits = 0xfc, kTosBitsOf2011 = 0xff;

inline constexpr std::uint16_t kVid = 0x0fff, kPcp = 0xe000, kTagPresent = 0x1000;

template <class W, class Bool>
Masked<W> exact_unless(Bool wildcarded, W value, W all = static_cast<W>(~W{})) {
  return {select(wildcarded, W{}, value), select(wildcarded, W{}, all)};
}

// count: how many low bits of the address are wildcarded; 32 to 63 mean all.
template <class W>
W address_mask(W count) {
  return select(count >= 32, W{}, static_cast<W>(~W{} << (count & 31)));
}
template <class W>
W wildcarded_bits(W mask) {
  return static_cast<W>(countr_zero(mask));
}

template <class Half, class Bool, class Byte>
Masked<Half> decode_vlan(Bool any_vid, Bool any_pcp, Half vid, Byte pcp) {
  const auto half = [](auto word) { return static_cast<Half>(word); };
  const Half vid_mask = select(any_vid, Half{}, half(kTagPresent | kVid));
  const Half pcp_mask = select(any_pcp, Half{}, half(kTagPresent | kPcp));
  const Half value = half(((pcp << 13) | kTagPresent | (vid & kVid)) & (vid_mask | pcp_mask));
  const auto untagged = !any_vid && vid == OFP_VLAN_NONE;
  return {select(untagged, Half{}, value), select(untagged, half(0xffff), half(vid_mask | pcp_mask))};
}

// at: where the match begins.
template <class String>
MatchOf<ByteOf<String>> decode_match(const String& message, std::size_t at, std::uint8_t tos_bits = kTosBits) {
  namespace w = wire::match;
  const auto wildcards = get<w::wildcards>(message, at);
  const auto has = [&](std::uint32_t bit) { return (wildcards & bit) != 0; };
  constexpr std::uint64_t mac = 0xffffffffffff;
  MatchOf<ByteOf<String>> m;
  m.in_port = exact_unless(has(OFPFW_IN_PORT), get<w::in_port>(message, at));
  m.dl_src = exact_unless(has(OFPFW_DL_SRC), get<w::dl_src>(message, at), {mac});
  m.dl_dst = exact_unless(has(OFPFW_DL_DST), get<w::dl_dst>(message, at), {mac});
  m.dl_type = exact_unless(has(OFPFW_DL_TYPE), get<w::dl_type>(message, at));
  m.vlan_tci = decode_vlan(has(OFPFW_DL_VLAN), has(OFPFW_DL_VLAN_PCP), get<w::dl_vlan>(message, at),
                           get<w::dl_vlan_pcp>(message, at));
  m.nw_tos = exact_unless(has(OFPFW_NW_TOS), get<w::nw_tos>(message, at), {tos_bits});
  m.nw_proto = exact_unless(has(OFPFW_NW_PROTO), get<w::nw_proto>(message, at));
  m.nw_src = {get<w::nw_src>(message, at), address_mask(wildcards >> OFPFW_NW_SRC_SHIFT & OFPFW_NW_BITS_MASK)};
  m.nw_dst = {get<w::nw_dst>(message, at), address_mask(wildcards >> OFPFW_NW_DST_SHIFT & OFPFW_NW_BITS_MASK)};
  m.tp_src = exact_unless(has(OFPFW_TP_SRC), get<w::tp_src>(message, at));
  m.tp_dst = exact_unless(has(OFPFW_TP_DST), get<w::tp_dst>(message, at));
  return canonical(m);
}

// Sets the VLAN fields and returns their wildcards.
template <class String, class Half>
auto put_vlan(String& out, std::size_t at, const Masked<Half>& tci) {
  using Word = like<Half, std::uint32_t>;
  const auto untagged = (tci.mask & kTagPresent) != 0 && (tci.value & kTagPresent) == 0;
  const Half seen = static_cast<Half>(tci.value & tci.mask);
  put(out, wire::match::dl_vlan, select(untagged, Half{OFP_VLAN_NONE}, static_cast<Half>(seen & kVid)), at);
  put(out, wire::match::dl_vlan_pcp, select(untagged, Half{}, static_cast<Half>((seen & kPcp) >> 13)), at);
  const auto unless = [&](std::uint16_t bits, std::uint32_t flag) {
    return select(untagged || (tci.mask & bits) != 0, Word{}, Word{flag});
  };
  return unless(kVid, OFPFW_DL_VLAN) | unless(kPcp, OFPFW_DL_VLAN_PCP);
}

// What the form cannot say is left out (NXM-11). The multicast bit alone is not a matched destination.
template <class String>
void encode_match(String& out, std::size_t at, const MatchOf<ByteOf<String>>& m) {
  namespace w = wire::match;
  auto wildcards = put_vlan(out, at, m.vlan_tci);
  const auto field = [&](wire::Field f, const auto& masked, std::uint32_t bit, std::uint64_t noted = ~0ull) {
    put(out, f, masked.value, at);
    wildcards |= select((masked.mask & noted) == 0, decltype(wildcards){bit}, decltype(wildcards){});
  };
  field(w::in_port, m.in_port, OFPFW_IN_PORT);
  field(w::dl_src, m.dl_src, OFPFW_DL_SRC);
  field(w::dl_dst, m.dl_dst, OFPFW_DL_DST, 0xfeffffffffff);
  field(w::dl_type, m.dl_type, OFPFW_DL_TYPE);
  field(w::nw_tos, m.nw_tos, OFPFW_NW_TOS);
  field(w::nw_proto, m.nw_proto, OFPFW_NW_PROTO);
  field(w::tp_src, m.tp_src, OFPFW_TP_SRC);
  field(w::tp_dst, m.tp_dst, OFPFW_TP_DST);
  field(w::nw_src, m.nw_src, 0);
  field(w::nw_dst, m.nw_dst, 0);
  wildcards |= wildcarded_bits(m.nw_src.mask) << OFPFW_NW_SRC_SHIFT;
  wildcards |= wildcarded_bits(m.nw_dst.mask) << OFPFW_NW_DST_SHIFT;
  put(out, w::wildcards, wildcards, at);
}

}  // namespace oftwin::model

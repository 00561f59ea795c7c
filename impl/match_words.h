// Packing, hashing, and OpenFlow 1.0's form of a match: the bodies of match.h's templates. The word layout stands
// there. Included by match.h alone.
#pragma once

#include "impl/match.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace words {

inline constexpr std::uint64_t kMac = 0xffff'ffff'ffff;
inline constexpr unsigned kHigh16 = 48;  // shift of in_port, dl_type and vlan_tci in their words
inline constexpr unsigned kTpSrc = 32, kTpDst = 16, kTos = 8;
inline constexpr std::uint64_t kTpMask = 0xffff'ffffULL << kTpDst, kTosMask = 0xfcULL << kTos, kProtoMask = 0xff;
inline constexpr std::uint16_t kVid = 0x0fff, kPresent = 0x1000, kPcp = 0xe000;
inline constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806;
inline constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

template <class W>
using Half = like<W, std::uint16_t>;
template <class W>
using Octet = like<W, std::uint8_t>;

template <class W>
constexpr W two32(const like<W, std::uint32_t>& high, const like<W, std::uint32_t>& low) {
  return W{high} << 32 | low;
}
template <class W>
constexpr W high16(const Half<W>& high, const W& low48) {
  return W{high} << kHigh16 | (low48 & kMac);
}

template <class W, class B>
void store_ipv6(const std::array<B, 16>& address, W* words) {
  words[0] = load64(address.data());
  words[1] = load64(address.data() + 8);
}

// One pass over the fields serves values, masks and packets: `part` picks what is taken of a field.
template <class W, class Fields, class Part>
WordsOf<W> pack_fields(const Fields& f, const Part& part) {
  WordsOf<W> w{};
  w[0] = high16<W>(part(f.in_port), part(f.dl_src));
  w[1] = high16<W>(part(f.dl_type), part(f.dl_dst));
  w[2] = two32<W>(part(f.nw_src), part(f.nw_dst));
  w[3] = W{part(f.vlan_tci)} << kHigh16 | W{part(f.tp_src)} << kTpSrc | W{part(f.tp_dst)} << kTpDst |
         W{part(f.nw_tos)} << kTos | part(f.nw_proto);
  w[4] = part(f.tun_id);
  w[5] = two32<W>(part(f.reg[0]), part(f.reg[1]));
  w[6] = two32<W>(part(f.reg[2]), part(f.reg[3]));
  w[7] = part(f.arp_sha) & kMac;
  w[8] = part(f.arp_tha) & kMac;
  store_ipv6(part(f.ipv6_src), &w[9]);
  store_ipv6(part(f.ipv6_dst), &w[11]);
  store_ipv6(part(f.nd_target), &w[13]);
  return w;
}

template <class W>
void settle(PackedMatchOf<W>& m) {
  W extended{};
  for (std::size_t i = 0; i < kAllWords; ++i) {
    m.value[i] &= m.mask[i];
    if (i >= kBasicWords) extended |= m.mask[i];
  }
  m.words = extended != 0 ? kAllWords : kBasicWords;
}

template <class W>
constexpr Half<W> top(const W& w) {
  return static_cast<Half<W>>(w >> kHigh16);
}
template <class W>
constexpr Half<W> tp_src(const W& w) {
  return static_cast<Half<W>>(w >> kTpSrc);
}
template <class W>
constexpr Half<W> tp_dst(const W& w) {
  return static_cast<Half<W>>(w >> kTpDst);
}
template <class W>
constexpr Octet<W> tos(const W& w) {
  return static_cast<Octet<W>>(w >> kTos);
}
template <class W>
constexpr Octet<W> proto(const W& w) {
  return static_cast<Octet<W>>(w);
}
template <class W>
constexpr like<W, std::uint32_t> upper(const W& w) {
  return static_cast<like<W, std::uint32_t>>(w >> 32);
}
template <class W>
constexpr like<W, std::uint32_t> lower(const W& w) {
  return static_cast<like<W, std::uint32_t>>(w);
}

template <class W>
W netmask(const W& wildcards, unsigned shift) {
  const W ignored = (wildcards >> shift) & OFPFW_NW_BITS_MASK;
  return select(ignored >= 32, W{}, ~W{} << (ignored & 31));
}

template <class W>
W ignored_bits(const W& mask, unsigned shift) {
  return static_cast<W>(countr_zero(mask)) << shift;
}

// OpenFlow 1.0 has vid and pcp apart; "no tag" wins over any pcp, and asking for either implies a tag.
template <class B, class W>
Masked<Half<B>> decode_vlan(const B* p, const W& wildcards) {
  const Half<B> vid = get<wire::match::dl_vlan>(p);
  const auto any_vid = (wildcards & OFPFW_DL_VLAN) != 0;
  const auto any_pcp = (wildcards & OFPFW_DL_VLAN_PCP) != 0;
  if (any_vid && any_pcp) return {};
  if (!any_vid && vid == OFP_VLAN_NONE) return {0, 0xffff};
  const auto pcp = static_cast<Half<B>>(get<wire::match::dl_vlan_pcp>(p) << 13);
  const auto mask = static_cast<Half<B>>(kPresent | select(any_vid, Half<B>{}, Half<B>{kVid}) |
                                         select(any_pcp, Half<B>{}, Half<B>{kPcp}));
  return {static_cast<Half<B>>(((vid & kVid) | pcp | kPresent) & mask), mask};
}

// Returns the wildcards that describe the tag's match.
template <class H, class B>
like<B, std::uint32_t> encode_vlan(const H& tci, const H& mask, B* p) {
  if (mask == 0) return OFPFW_DL_VLAN | OFPFW_DL_VLAN_PCP;
  if ((mask & kPresent) != 0 && (tci & kPresent) == 0) {
    put<wire::match::dl_vlan>(p, OFP_VLAN_NONE);
    return 0;  // the priority code point is said to be 0
  }
  like<B, std::uint32_t> wildcards = 0;
  if ((mask & kVid) != 0) {
    put<wire::match::dl_vlan>(p, tci & kVid);
  } else {
    wildcards |= OFPFW_DL_VLAN;
  }
  if ((mask & kPcp) != 0) {
    put<wire::match::dl_vlan_pcp>(p, tci >> 13);
  } else {
    wildcards |= OFPFW_DL_VLAN_PCP;
  }
  return wildcards;
}

}  // namespace words

template <class B>
PackedMatchOf<like<B, std::uint64_t>> pack(const MatchOf<B>& match) {
  using W = like<B, std::uint64_t>;
  PackedMatchOf<W> m;
  m.value = words::pack_fields<W>(match, [](const auto& field) { return field.value; });
  m.mask = words::pack_fields<W>(match, [](const auto& field) { return field.mask; });
  words::settle(m);
  return m;
}

template <class B>
WordsOf<like<B, std::uint64_t>> pack(const FlowKeyOf<B>& key) {
  return words::pack_fields<like<B, std::uint64_t>>(key, [](const auto& field) { return field; });
}

template <class W>
W hash_words(const WordsOf<W>& w, std::size_t n, std::uint64_t basis) {
  // One multiplication per word; the rotation carries high bits down before the next.
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  W h = (basis + n) * kOdd;
  for (std::size_t i = 0; i < n; ++i) h = rotl((h ^ w[i]) * kOdd, 29);
  h ^= h >> 32;
  h *= kOdd;
  return h ^ h >> 29;
}

template <class B>
auto is_exact(const B* p) {
  return (get<wire::match::wildcards>(p) & OFPFW_ALL) == 0;
}

template <class B>
PackedMatchOf<like<B, std::uint64_t>> decode_match(const B* p) {
  using namespace words;
  using W = like<B, std::uint64_t>;
  const auto wildcards = get<wire::match::wildcards>(p);
  const auto unless = [&wildcards](std::uint32_t flag, std::uint64_t mask) {
    return select((wildcards & flag) != 0, W{}, W{mask});
  };
  const Masked<Half<B>> vlan = decode_vlan(p, wildcards);

  PackedMatchOf<W> m;
  m.mask[0] = unless(OFPFW_IN_PORT, 0xffffULL << kHigh16) | unless(OFPFW_DL_SRC, kMac);
  m.mask[1] = unless(OFPFW_DL_TYPE, 0xffffULL << kHigh16) | unless(OFPFW_DL_DST, kMac);
  m.mask[2] = two32<W>(netmask(wildcards, OFPFW_NW_SRC_SHIFT), netmask(wildcards, OFPFW_NW_DST_SHIFT));
  m.mask[3] = W{vlan.mask} << kHigh16 | unless(OFPFW_TP_SRC, 0xffffULL << kTpSrc) |
              unless(OFPFW_TP_DST, 0xffffULL << kTpDst) | unless(OFPFW_NW_TOS, kTosMask) |
              unless(OFPFW_NW_PROTO, kProtoMask);
  m.value[0] = high16<W>(get<wire::match::in_port>(p), get<wire::match::dl_src>(p)) & m.mask[0];
  m.value[1] = high16<W>(get<wire::match::dl_type>(p), get<wire::match::dl_dst>(p)) & m.mask[1];
  m.value[2] = two32<W>(get<wire::match::nw_src>(p), get<wire::match::nw_dst>(p)) & m.mask[2];
  m.value[3] =
      (W{vlan.value} << kHigh16 | W{get<wire::match::tp_src>(p)} << kTpSrc | W{get<wire::match::tp_dst>(p)} << kTpDst |
       W{get<wire::match::nw_tos>(p)} << kTos | get<wire::match::nw_proto>(p)) &
      m.mask[3];
  return m;
}

template <class B>
void encode_match(const PackedMatchOf<like<B, std::uint64_t>>& m, B* p) {
  using namespace words;
  using W32 = like<B, std::uint32_t>;
  const auto &v = m.value, &k = m.mask;
  for (std::size_t i = 0; i < wire::match::size; ++i) p[i] = 0;
  W32 wildcards = encode_vlan(top(v[3]), top(k[3]), p);
  const auto note = [&wildcards](const auto& compared, std::uint32_t flag) {
    wildcards |= select(compared, W32{}, W32{flag});
  };
  note(top(k[0]) != 0, OFPFW_IN_PORT);
  note((k[0] & kMac) != 0, OFPFW_DL_SRC);
  note(top(k[1]) != 0, OFPFW_DL_TYPE);
  constexpr std::uint64_t kMulticastBit = 0x0100'0000'0000;
  note((k[1] & kMac & ~kMulticastBit) != 0,
       OFPFW_DL_DST);  // the multicast bit alone is more than this form can ask for
  note(tp_src(k[3]) != 0, OFPFW_TP_SRC);
  note(tp_dst(k[3]) != 0, OFPFW_TP_DST);
  note(tos(k[3]) != 0, OFPFW_NW_TOS);
  note(proto(k[3]) != 0, OFPFW_NW_PROTO);
  wildcards |= ignored_bits(upper(k[2]), OFPFW_NW_SRC_SHIFT) | ignored_bits(lower(k[2]), OFPFW_NW_DST_SHIFT);

  put<wire::match::wildcards>(p, wildcards);
  put<wire::match::in_port>(p, top(v[0]));
  put<wire::match::dl_src>(p, v[0] & kMac);
  put<wire::match::dl_dst>(p, v[1] & kMac);
  put<wire::match::dl_type>(p, top(v[1]));
  put<wire::match::nw_tos>(p, tos(v[3]));
  put<wire::match::nw_proto>(p, proto(v[3]));
  put<wire::match::nw_src>(p, upper(v[2]));
  put<wire::match::nw_dst>(p, lower(v[2]));
  put<wire::match::tp_src>(p, tp_src(v[3]));
  put<wire::match::tp_dst>(p, tp_dst(v[3]));
}

template <class W>
void normalize(PackedMatchOf<W>& m) {
  using namespace words;
  const auto ip = top(m.value[1]) == kIp;
  const auto arp = top(m.value[1]) == kArp;
  const auto protocol = proto(m.value[3]);
  const auto ports = ip && (protocol == kTcp || protocol == kUdp || protocol == kIcmp);
  if (!ip && !arp) m.mask[2] = 0;
  if (!ports) m.mask[3] &= ~kTpMask;
  if (!ip) m.mask[3] &= ~kTosMask;
  if (!ip && !arp) m.mask[3] &= ~kProtoMask;
  m.value[2] &= m.mask[2];
  m.value[3] &= m.mask[3];
}

}  // namespace oftwin::impl

// Packing, hashing, and OpenFlow 1.0's form of a match. The word layout stands in match.h.
#include "impl/match.h"

#include <bit>
#include <cstring>

#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::uint64_t kMac = 0xffff'ffff'ffff;
constexpr unsigned kHigh16 = 48;  // shift of in_port, dl_type and vlan_tci in their words
constexpr unsigned kTpSrc = 32, kTpDst = 16, kTos = 8;
constexpr std::uint64_t kTpMask = 0xffff'ffffULL << kTpDst, kTosMask = 0xfcULL << kTos, kProtoMask = 0xff;
constexpr std::uint16_t kVid = 0x0fff, kPresent = 0x1000, kPcp = 0xe000;
constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

constexpr std::uint64_t two32(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }
constexpr std::uint64_t high16(std::uint16_t high, std::uint64_t low48) {
  return std::uint64_t{high} << kHigh16 | (low48 & kMac);
}

void store_ipv6(const Ipv6& address, std::uint64_t* words) {
  words[0] = load64(address.data());
  words[1] = load64(address.data() + 8);
}

// One pass over the fields serves values, masks and packets: `part` picks what is taken of a field.
template <class Fields, class Part>
Words pack_fields(const Fields& f, const Part& part) {
  Words w{};
  w[0] = high16(part(f.in_port), part(f.dl_src));
  w[1] = high16(part(f.dl_type), part(f.dl_dst));
  w[2] = two32(part(f.nw_src), part(f.nw_dst));
  w[3] = std::uint64_t{part(f.vlan_tci)} << kHigh16 | std::uint64_t{part(f.tp_src)} << kTpSrc |
         std::uint64_t{part(f.tp_dst)} << kTpDst | std::uint64_t{part(f.nw_tos)} << kTos | part(f.nw_proto);
  w[4] = part(f.tun_id);
  w[5] = two32(part(f.reg[0]), part(f.reg[1]));
  w[6] = two32(part(f.reg[2]), part(f.reg[3]));
  w[7] = part(f.arp_sha) & kMac;
  w[8] = part(f.arp_tha) & kMac;
  store_ipv6(part(f.ipv6_src), &w[9]);
  store_ipv6(part(f.ipv6_dst), &w[11]);
  store_ipv6(part(f.nd_target), &w[13]);
  return w;
}

void settle(PackedMatch& m) {
  std::uint64_t extended = 0;
  for (std::size_t i = 0; i < kAllWords; ++i) {
    m.value[i] &= m.mask[i];
    if (i >= kBasicWords) extended |= m.mask[i];
  }
  m.words = extended != 0 ? kAllWords : kBasicWords;
}

constexpr std::uint16_t top(std::uint64_t w) { return static_cast<std::uint16_t>(w >> kHigh16); }
constexpr std::uint16_t tp_src(std::uint64_t w) { return static_cast<std::uint16_t>(w >> kTpSrc); }
constexpr std::uint16_t tp_dst(std::uint64_t w) { return static_cast<std::uint16_t>(w >> kTpDst); }
constexpr std::uint8_t tos(std::uint64_t w) { return static_cast<std::uint8_t>(w >> kTos); }
constexpr std::uint8_t proto(std::uint64_t w) { return static_cast<std::uint8_t>(w); }
constexpr std::uint32_t upper(std::uint64_t w) { return static_cast<std::uint32_t>(w >> 32); }
constexpr std::uint32_t lower(std::uint64_t w) { return static_cast<std::uint32_t>(w); }

std::uint32_t netmask(std::uint32_t wildcards, unsigned shift) {
  const std::uint32_t ignored = (wildcards >> shift) & OFPFW_NW_BITS_MASK;
  return ignored >= 32 ? 0 : ~std::uint32_t{0} << ignored;
}

std::uint32_t ignored_bits(std::uint32_t mask, unsigned shift) {
  return static_cast<std::uint32_t>(std::countr_zero(mask)) << shift;
}

// OpenFlow 1.0 has vid and pcp apart; "no tag" wins over any pcp, and asking for either implies a tag.
Masked<std::uint16_t> decode_vlan(const std::uint8_t* p, std::uint32_t wildcards) {
  const std::uint16_t vid = get<wire::match::dl_vlan>(p);
  const bool any_vid = (wildcards & OFPFW_DL_VLAN) != 0;
  const bool any_pcp = (wildcards & OFPFW_DL_VLAN_PCP) != 0;
  if (any_vid && any_pcp) return {};
  if (!any_vid && vid == OFP_VLAN_NONE) return {0, 0xffff};
  const auto pcp = static_cast<std::uint16_t>(get<wire::match::dl_vlan_pcp>(p) << 13);
  const auto mask = static_cast<std::uint16_t>(kPresent | (any_vid ? 0 : kVid) | (any_pcp ? 0 : kPcp));
  return {static_cast<std::uint16_t>(((vid & kVid) | pcp | kPresent) & mask), mask};
}

// Returns the wildcards that describe the tag's match.
std::uint32_t encode_vlan(std::uint16_t tci, std::uint16_t mask, std::uint8_t* p) {
  if (mask == 0) return OFPFW_DL_VLAN | OFPFW_DL_VLAN_PCP;
  if ((mask & kPresent) != 0 && (tci & kPresent) == 0) {
    put<wire::match::dl_vlan>(p, OFP_VLAN_NONE);
    return 0;  // the priority code point is said to be 0
  }
  std::uint32_t wildcards = 0;
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

}  // namespace

PackedMatch pack(const Match& match) {
  PackedMatch m;
  m.value = pack_fields(match, [](const auto& field) { return field.value; });
  m.mask = pack_fields(match, [](const auto& field) { return field.mask; });
  settle(m);
  return m;
}

Words pack(const FlowKey& key) {
  return pack_fields(key, [](const auto& field) { return field; });
}

void unpack(const PackedMatch& m, oft_match* out) {
  std::memset(out, 0, sizeof *out);
  out->size = sizeof *out;
  const Words &v = m.value, &k = m.mask;
  out->in_port = top(v[0]), out->in_port_mask = top(k[0]);
  out->dl_src = v[0] & kMac, out->dl_src_mask = k[0] & kMac;
  out->dl_type = top(v[1]), out->dl_type_mask = top(k[1]);
  out->dl_dst = v[1] & kMac, out->dl_dst_mask = k[1] & kMac;
  out->nw_src = upper(v[2]), out->nw_src_mask = upper(k[2]);
  out->nw_dst = lower(v[2]), out->nw_dst_mask = lower(k[2]);
  out->vlan_tci = top(v[3]), out->vlan_tci_mask = top(k[3]);
  out->tp_src = tp_src(v[3]), out->tp_src_mask = tp_src(k[3]);
  out->tp_dst = tp_dst(v[3]), out->tp_dst_mask = tp_dst(k[3]);
  out->nw_tos = tos(v[3]), out->nw_tos_mask = tos(k[3]);
  out->nw_proto = proto(v[3]), out->nw_proto_mask = proto(k[3]);
  if (m.words == kBasicWords) return;
  out->tun_id = v[4], out->tun_id_mask = k[4];
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned shift = i % 2 == 0 ? 32 : 0;
    out->reg[i] = static_cast<std::uint32_t>(v[5 + i / 2] >> shift);
    out->reg_mask[i] = static_cast<std::uint32_t>(k[5 + i / 2] >> shift);
  }
  out->arp_sha = v[7], out->arp_sha_mask = k[7];
  out->arp_tha = v[8], out->arp_tha_mask = k[8];
  for (std::size_t i = 0; i < 2; ++i) {
    store64(out->ipv6_src + 8 * i, v[9 + i]), store64(out->ipv6_src_mask + 8 * i, k[9 + i]);
    store64(out->ipv6_dst + 8 * i, v[11 + i]), store64(out->ipv6_dst_mask + 8 * i, k[11 + i]);
    store64(out->nd_target + 8 * i, v[13 + i]), store64(out->nd_target_mask + 8 * i, k[13 + i]);
  }
}

std::uint64_t hash_words(const Words& w, std::size_t words, std::uint64_t basis) {
  // One multiplication per word; the rotation carries high bits down before the next.
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t h = (basis + words) * kOdd;
  for (std::size_t i = 0; i < words; ++i) h = std::rotl((h ^ w[i]) * kOdd, 29);
  h ^= h >> 32;
  h *= kOdd;
  return h ^ h >> 29;
}

PackedMatch decode_match(const std::uint8_t* p, bool* exact) {
  const std::uint32_t wildcards = get<wire::match::wildcards>(p) & OFPFW_ALL;
  *exact = wildcards == 0;
  const auto unless = [wildcards](std::uint32_t flag, std::uint64_t mask) { return wildcards & flag ? 0 : mask; };
  const Masked<std::uint16_t> vlan = decode_vlan(p, wildcards);

  PackedMatch m;
  m.mask[0] = unless(OFPFW_IN_PORT, 0xffffULL << kHigh16) | unless(OFPFW_DL_SRC, kMac);
  m.mask[1] = unless(OFPFW_DL_TYPE, 0xffffULL << kHigh16) | unless(OFPFW_DL_DST, kMac);
  m.mask[2] = two32(netmask(wildcards, OFPFW_NW_SRC_SHIFT), netmask(wildcards, OFPFW_NW_DST_SHIFT));
  m.mask[3] = std::uint64_t{vlan.mask} << kHigh16 | unless(OFPFW_TP_SRC, 0xffffULL << kTpSrc) |
              unless(OFPFW_TP_DST, 0xffffULL << kTpDst) | unless(OFPFW_NW_TOS, kTosMask) |
              unless(OFPFW_NW_PROTO, kProtoMask);
  m.value[0] = high16(get<wire::match::in_port>(p), get<wire::match::dl_src>(p)) & m.mask[0];
  m.value[1] = high16(get<wire::match::dl_type>(p), get<wire::match::dl_dst>(p)) & m.mask[1];
  m.value[2] = two32(get<wire::match::nw_src>(p), get<wire::match::nw_dst>(p)) & m.mask[2];
  m.value[3] = (std::uint64_t{vlan.value} << kHigh16 | std::uint64_t{get<wire::match::tp_src>(p)} << kTpSrc |
                std::uint64_t{get<wire::match::tp_dst>(p)} << kTpDst |
                std::uint64_t{get<wire::match::nw_tos>(p)} << kTos | get<wire::match::nw_proto>(p)) &
               m.mask[3];
  return m;
}

void encode_match(const PackedMatch& m, std::uint8_t* p) {
  const Words &v = m.value, &k = m.mask;
  std::memset(p, 0, wire::match::size);
  std::uint32_t wildcards = encode_vlan(top(v[3]), top(k[3]), p);
  const auto note = [&wildcards](bool compared, std::uint32_t flag) { wildcards |= compared ? 0 : flag; };
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

void normalize(PackedMatch& m) {
  const bool ip = top(m.value[1]) == kIp;
  const bool arp = top(m.value[1]) == kArp;
  const std::uint8_t protocol = proto(m.value[3]);
  const bool ports = ip && (protocol == kTcp || protocol == kUdp || protocol == kIcmp);
  if (!ip && !arp) m.mask[2] = 0;
  if (!ports) m.mask[3] &= ~kTpMask;
  if (!ip) m.mask[3] &= ~kTosMask;
  if (!ip && !arp) m.mask[3] &= ~kProtoMask;
  m.value[2] &= m.mask[2];
  m.value[3] &= m.mask[3];
}

}  // namespace oftwin::impl

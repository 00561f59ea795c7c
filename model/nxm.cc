// Extended matches (NXM). Invariant: kFields is in the order in which entries are sent; each type stands in it once.
#include "model/nxm.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "model/encode.h"
#include "model/match.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58, kSolicit = 135, kAdvert = 136;
constexpr std::size_t kHeader = 4;  // bytes of an entry's header

enum class Masks : std::uint8_t { none, any, leading_ones, ethernet };

// What must be matched before: one of two Ethernet types, a protocol, one of two ICMPv6 types. 0: nothing.
struct Needs {
  std::uint16_t ethernet = 0, or_ethernet = 0;
  std::uint8_t protocol = 0, icmp = 0, or_icmp = 0;
};

template <class W>
using Part = Masked<W> Match::*;
using Registers = std::array<Masked<std::uint32_t>, 4> Match::*;

struct Field {
  std::uint32_t type;
  std::size_t size;  // of a value, in bytes
  Masks masks;
  Needs needs;
  std::variant<Part<std::uint8_t>, Part<std::uint16_t>, Part<std::uint32_t>, Part<std::uint64_t>, Part<Ipv6>, Registers>
      part;
  std::uint16_t zero_bits = 0;  // of a value
};

constexpr Needs kNothing{}, kAnyIp{kIp, kIpv6}, kOnlyIp{kIp}, kOnlyArp{kArp}, kOnlyIpv6{kIpv6};
constexpr Needs kOverTcp{kIp, kIpv6, kTcp}, kOverUdp{kIp, kIpv6, kUdp}, kOverIcmp{kIp, 0, kIcmp};
constexpr Needs kOverIcmpv6{kIpv6, 0, kIcmpv6}, kDiscovery{kIpv6, 0, kIcmpv6, kSolicit, kAdvert};
constexpr Needs kSolicitation{kIpv6, 0, kIcmpv6, kSolicit}, kAdvertisement{kIpv6, 0, kIcmpv6, kAdvert};

constexpr std::array<Field, 32> kFields{{
    {NXM_OF_IN_PORT, 2, Masks::none, kNothing, &Match::in_port},
    {NXM_OF_ETH_DST, 6, Masks::ethernet, kNothing, &Match::dl_dst},
    {NXM_OF_ETH_SRC, 6, Masks::none, kNothing, &Match::dl_src},
    {NXM_OF_ETH_TYPE, 2, Masks::none, kNothing, &Match::dl_type},
    {NXM_OF_VLAN_TCI, 2, Masks::any, kNothing, &Match::vlan_tci},
    {NXM_OF_IP_TOS, 1, Masks::none, kAnyIp, &Match::nw_tos, 0x03},
    {NXM_OF_IP_SRC, 4, Masks::leading_ones, kOnlyIp, &Match::nw_src},
    {NXM_OF_IP_DST, 4, Masks::leading_ones, kOnlyIp, &Match::nw_dst},
    {NXM_NX_IPV6_SRC, 16, Masks::leading_ones, kOnlyIpv6, &Match::ipv6_src},
    {NXM_NX_IPV6_DST, 16, Masks::leading_ones, kOnlyIpv6, &Match::ipv6_dst},
    {NXM_OF_IP_PROTO, 1, Masks::none, kAnyIp, &Match::nw_proto},
    {NXM_OF_TCP_SRC, 2, Masks::none, kOverTcp, &Match::tp_src},
    {NXM_OF_TCP_DST, 2, Masks::none, kOverTcp, &Match::tp_dst},
    {NXM_OF_UDP_SRC, 2, Masks::none, kOverUdp, &Match::tp_src},
    {NXM_OF_UDP_DST, 2, Masks::none, kOverUdp, &Match::tp_dst},
    {NXM_OF_ICMP_TYPE, 1, Masks::none, kOverIcmp, &Match::tp_src},
    {NXM_OF_ICMP_CODE, 1, Masks::none, kOverIcmp, &Match::tp_dst},
    {NXM_NX_ICMPV6_TYPE, 1, Masks::none, kOverIcmpv6, &Match::tp_src},
    {NXM_NX_ND_TARGET, 16, Masks::none, kDiscovery, &Match::nd_target},
    {NXM_NX_ND_SLL, 6, Masks::none, kSolicitation, &Match::arp_sha},
    {NXM_NX_ND_TLL, 6, Masks::none, kAdvertisement, &Match::arp_tha},
    {NXM_NX_ICMPV6_CODE, 1, Masks::none, kOverIcmpv6, &Match::tp_dst},
    {NXM_OF_ARP_OP, 2, Masks::none, kOnlyArp, &Match::nw_proto, 0xff00},
    {NXM_OF_ARP_SPA, 4, Masks::leading_ones, kOnlyArp, &Match::nw_src},
    {NXM_OF_ARP_TPA, 4, Masks::leading_ones, kOnlyArp, &Match::nw_dst},
    {NXM_NX_ARP_SHA, 6, Masks::none, kOnlyArp, &Match::arp_sha},
    {NXM_NX_ARP_THA, 6, Masks::none, kOnlyArp, &Match::arp_tha},
    {NXM_NX_TUN_ID, 8, Masks::any, kNothing, &Match::tun_id},
    {NXM_NX_REG0, 4, Masks::any, kNothing, &Match::reg},
    {NXM_NX_REG0 + 1, 4, Masks::any, kNothing, &Match::reg},
    {NXM_NX_REG0 + 2, 4, Masks::any, kNothing, &Match::reg},
    {NXM_NX_REG0 + 3, 4, Masks::any, kNothing, &Match::reg},
}};

// Calls `use` with the part of the match that the field is about.
template <class M, class Use>
auto with_part(M& match, const Field& field, Use use) {
  const auto call = [&](auto part) {
    if constexpr (std::is_same_v<decltype(part), Registers>)
      return use((match.*part)[field.type - NXM_NX_REG0]);
    else
      return use(match.*part);
  };
  return std::visit(call, field.part);
}

template <class W>
W word(ByteView bytes) {
  if constexpr (std::is_same_v<W, Ipv6>) {
    Ipv6 address;
    std::ranges::copy(bytes, address.begin());
    return address;
  } else {
    return get<W>(bytes, {0, bytes.size()});
  }
}

// What a part's mask is when the field is matched without a mask.
template <class W>
W exact(const Field& field) {
  if constexpr (std::is_same_v<W, Ipv6>) {
    Ipv6 all;
    all.fill(0xff);
    return all;
  } else {
    return field.size == 6 ? static_cast<W>(0xffffffffffff) : static_cast<W>(~W{});
  }
}

bool met(const Needs& needs, const Match& m) {
  const auto one_of = [](auto value, auto a, auto b) { return a == 0 || value == a || (b != 0 && value == b); };
  return one_of(m.dl_type.value, needs.ethernet, needs.or_ethernet) &&
         one_of(m.nw_proto.value, needs.protocol, decltype(needs.protocol){}) &&
         one_of(m.tp_src.value, needs.icmp, needs.or_icmp);
}

bool allowed(Masks masks, ByteView mask) {
  const bool rest_zero = std::ranges::all_of(mask.subspan(1), [](std::uint8_t b) { return b == 0; });
  const bool rest_ones = std::ranges::all_of(mask.subspan(1), [](std::uint8_t b) { return b == 0xff; });
  if (masks == Masks::ethernet) return (mask[0] <= 0x01 && rest_zero) || (mask[0] >= 0xfe && rest_ones);
  if (masks == Masks::any) return true;
  bool ended = false;
  for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
    const bool one = mask[bit / 8] >> (7 - bit % 8) & 1;
    if (one && ended) return false;
    ended = !one;
  }
  return true;
}

Error bad(std::uint16_t code) { return nicira_error(OFPET_BAD_REQUEST, code); }

// mask: empty if there is none.
Error take_entry(Match& match, const Field& field, ByteView value, ByteView mask) {
  if (!met(field.needs, match)) return bad(NXBRC_NXM_BAD_PREREQ);
  const bool matched = with_part(match, field, [](const auto& part) { return part.mask != decltype(part.mask){}; });
  if (matched) return bad(NXBRC_NXM_DUP_TYPE);
  if (get(value, {0, field.size}) & field.zero_bits) return bad(NXBRC_NXM_BAD_VALUE);
  if (!mask.empty() && !allowed(field.masks, mask)) return bad(NXBRC_NXM_BAD_MASK);
  with_part(match, field,
            [&]<class W>(Masked<W>& part) { part = {word<W>(value), mask.empty() ? exact<W>(field) : word<W>(mask)}; });
  return {};
}

const Field* find_field(std::uint32_t type, bool masked, std::size_t length) {
  for (const Field& field : kFields) {
    if (field.type != type || length != field.size * (masked ? 2 : 1)) continue;
    if (!masked || field.masks != Masks::none) return &field;
  }
  return nullptr;
}

void append(Bytes& out, std::uint64_t value, std::size_t size) {
  out.resize(out.size() + size);
  put(out, {out.size() - size, size}, value);
}
void append(Bytes& out, const Ipv6& value, std::size_t) { out.insert(out.end(), value.begin(), value.end()); }

template <class W>
void append_entry(Bytes& out, const Field& field, const Masked<W>& part) {
  if (part.mask == W{}) return;
  const bool masked = field.masks != Masks::none && part.mask != exact<W>(field);
  append(out, std::uint64_t{field.type} << 9 | std::uint64_t{masked} << 8 | field.size * (masked ? 2 : 1), kHeader);
  if constexpr (std::is_same_v<W, Ipv6>)
    append(out, part.value, field.size);
  else
    append(out, part.value & ~std::uint64_t{field.zero_bits}, field.size);
  if (masked) append(out, part.mask, field.size);
}

}  // namespace

std::variant<Match, Error> decode_nxm(ByteView entries, std::uint8_t tos_bits) {
  Match match;
  while (entries.size() >= kHeader) {
    const auto header = get(entries, {0, kHeader});
    const std::size_t length = header & 0xff;
    if (length == 0 || length > entries.size() - kHeader) break;
    const bool masked = header & 0x100;
    const Field* field = find_field(header >> 9, masked, length);
    if (!field) return bad(NXBRC_NXM_BAD_TYPE);
    const ByteView payload = entries.subspan(kHeader, length);
    if (const Error e = take_entry(match, *field, payload.first(field->size), payload.subspan(field->size))) return e;
    match = canonical(match);
    entries = entries.subspan(kHeader + length);
  }
  if (!entries.empty()) return bad(NXBRC_NXM_INVALID);
  match.nw_tos.mask &= tos_bits;
  return match;
}

Bytes encode_nxm(const Match& match) {
  Bytes out;
  for (const Field& field : kFields) {
    if (!met(field.needs, match)) continue;
    with_part(match, field, [&](const auto& part) { append_entry(out, field, part); });
  }
  return out;
}

std::size_t field_size(std::uint32_t header, Layers layers) {
  const Field* field = find_field(header >> 9, header & 0x100, header & 0xff);
  Match known;
  known.dl_type.value = layers.dl_type;
  known.nw_proto.value = layers.nw_proto;
  const Needs needs = field ? field->needs : Needs{};
  const bool there = field && !(header & 0x100) && met({needs.ethernet, needs.or_ethernet, needs.protocol}, known);
  return there ? field->size : 0;
}

void hit_nxm_error(Turn& turn, Error error) {
  if (error.space == ErrorSpace::openflow) return turn.hit("NXM-8");
  turn.hit("NXM-1");
  if (error.code == NXBRC_NXM_INVALID) turn.hit("NXM-2");
  if (error.code == NXBRC_NXM_BAD_TYPE) turn.hit("NXM-3");
  if (error.code == NXBRC_NXM_BAD_PREREQ) turn.hit("NXM-4");
  if (error.code == NXBRC_NXM_DUP_TYPE) turn.hit("NXM-5");
  if (error.code == NXBRC_NXM_BAD_VALUE) turn.hit("NXM-6");
  if (error.code == NXBRC_NXM_BAD_MASK) turn.hit("NXM-7");
}

void hit_match_form(Turn& turn, const Match& match, bool extended) {
  if (extended) {
    turn.hit("NXM-9");
    if (decode_nxm(encode_nxm(match), turn.tos_bits()) != std::variant<Match, Error>(match)) turn.hit("NXM-10");
    return;
  }
  Bytes plain(wire::match::size);
  encode_match(plain, 0, match);
  if (decode_match(plain, 0, turn.tos_bits()) != match) turn.hit("NXM-11");
}

}  // namespace oftwin::model

// The fields of extended matches (NXM) as a table: what each is called on the wire, what it may look like, and which
// part of a match it is about. source: nicira-ext.h of July 2011.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "spec/match.h"
#include "spec/nicira.h"

namespace oftwin {

// Which masks a field may have: none at all, any, ones followed by zeros, or (Ethernet destinations) just the multicast
// bit, or all but it.
enum class NxmMasks : std::uint8_t { none, any, leading_ones, ethernet };

// What must be matched before: one of two Ethernet types, a protocol, one of two ICMPv6 types. 0: nothing.
struct NxmNeeds {
  std::uint16_t ethernet = 0, or_ethernet = 0;
  std::uint8_t protocol = 0, icmp = 0, or_icmp = 0;
};

// A part of a match and what a packet has there. Of registers all four; the type says which.
template <class Byte, class W>
struct NxmPart {
  Masked<W> MatchOf<Byte>::* match;
  W FlowKeyOf<Byte>::* key;
};
template <class Byte>
struct NxmRegisters {
  std::array<Masked<like<Byte, std::uint32_t>>, 4> MatchOf<Byte>::* match;
  std::array<like<Byte, std::uint32_t>, 4> FlowKeyOf<Byte>::* key;
};

template <class Byte>
struct NxmFieldOf {
  template <class T>
  using Part = NxmPart<Byte, like<Byte, T>>;
  std::uint32_t type;  // NxmType
  std::size_t size;    // of a value, in bytes
  NxmMasks masks;
  NxmNeeds needs;
  std::variant<NxmPart<Byte, Byte>, Part<std::uint16_t>, Part<std::uint32_t>, Part<std::uint64_t>,
               NxmPart<Byte, std::array<Byte, 16>>, NxmRegisters<Byte>>
      part;
  bool writable = false;        // by actions
  std::uint16_t zero_bits = 0;  // of a value
};
using NxmField = NxmFieldOf<std::uint8_t>;

namespace nxm {
inline constexpr std::uint16_t ip = 0x0800, arp = 0x0806, ipv6 = 0x86dd;
inline constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, icmpv6 = 58, solicit = 135, advert = 136;
inline constexpr NxmNeeds nothing{}, any_ip{ip, ipv6}, only_ip{ip}, only_arp{arp}, only_ipv6{ipv6};
inline constexpr NxmNeeds over_tcp{ip, ipv6, tcp}, over_udp{ip, ipv6, udp}, over_icmp{ip, 0, icmp};
inline constexpr NxmNeeds over_icmpv6{ipv6, 0, icmpv6}, discovery{ipv6, 0, icmpv6, solicit, advert};
inline constexpr NxmNeeds solicitation{ipv6, 0, icmpv6, solicit}, advertisement{ipv6, 0, icmpv6, advert};

// Byte: of the matches that the table is about.
template <class Byte>
struct Table {
  using M = MatchOf<Byte>;
  using K = FlowKeyOf<Byte>;
  template <class T>
  using Part = NxmPart<Byte, like<Byte, T>>;
  static constexpr Part<std::uint8_t> nw_tos{&M::nw_tos, &K::nw_tos};
  static constexpr Part<std::uint8_t> nw_proto{&M::nw_proto, &K::nw_proto};
  static constexpr Part<std::uint16_t> in_port{&M::in_port, &K::in_port};
  static constexpr Part<std::uint16_t> dl_type{&M::dl_type, &K::dl_type};
  static constexpr Part<std::uint16_t> vlan_tci{&M::vlan_tci, &K::vlan_tci};
  static constexpr Part<std::uint16_t> tp_src{&M::tp_src, &K::tp_src};
  static constexpr Part<std::uint16_t> tp_dst{&M::tp_dst, &K::tp_dst};
  static constexpr Part<std::uint32_t> nw_src{&M::nw_src, &K::nw_src};
  static constexpr Part<std::uint32_t> nw_dst{&M::nw_dst, &K::nw_dst};
  static constexpr Part<std::uint64_t> dl_src{&M::dl_src, &K::dl_src};
  static constexpr Part<std::uint64_t> dl_dst{&M::dl_dst, &K::dl_dst};
  static constexpr Part<std::uint64_t> tun_id{&M::tun_id, &K::tun_id};
  static constexpr Part<std::uint64_t> arp_sha{&M::arp_sha, &K::arp_sha};
  static constexpr Part<std::uint64_t> arp_tha{&M::arp_tha, &K::arp_tha};
  static constexpr NxmPart<Byte, std::array<Byte, 16>> ipv6_src{&M::ipv6_src, &K::ipv6_src};
  static constexpr NxmPart<Byte, std::array<Byte, 16>> ipv6_dst{&M::ipv6_dst, &K::ipv6_dst};
  static constexpr NxmPart<Byte, std::array<Byte, 16>> nd_target{&M::nd_target, &K::nd_target};
  static constexpr NxmRegisters<Byte> reg{&M::reg, &K::reg};

  // In the order in which entries are sent; each type stands in it once.
  static constexpr std::array<NxmFieldOf<Byte>, 32> fields{{
      {NXM_OF_IN_PORT, 2, NxmMasks::none, nothing, in_port},
      {NXM_OF_ETH_DST, 6, NxmMasks::ethernet, nothing, dl_dst, true},
      {NXM_OF_ETH_SRC, 6, NxmMasks::none, nothing, dl_src, true},
      {NXM_OF_ETH_TYPE, 2, NxmMasks::none, nothing, dl_type},
      {NXM_OF_VLAN_TCI, 2, NxmMasks::any, nothing, vlan_tci, true},
      {NXM_OF_IP_TOS, 1, NxmMasks::none, any_ip, nw_tos, true, 0x03},
      {NXM_OF_IP_SRC, 4, NxmMasks::leading_ones, only_ip, nw_src, true},
      {NXM_OF_IP_DST, 4, NxmMasks::leading_ones, only_ip, nw_dst, true},
      {NXM_NX_IPV6_SRC, 16, NxmMasks::leading_ones, only_ipv6, ipv6_src},
      {NXM_NX_IPV6_DST, 16, NxmMasks::leading_ones, only_ipv6, ipv6_dst},
      {NXM_OF_IP_PROTO, 1, NxmMasks::none, any_ip, nw_proto},
      {NXM_OF_TCP_SRC, 2, NxmMasks::none, over_tcp, tp_src, true},
      {NXM_OF_TCP_DST, 2, NxmMasks::none, over_tcp, tp_dst, true},
      {NXM_OF_UDP_SRC, 2, NxmMasks::none, over_udp, tp_src, true},
      {NXM_OF_UDP_DST, 2, NxmMasks::none, over_udp, tp_dst, true},
      {NXM_OF_ICMP_TYPE, 1, NxmMasks::none, over_icmp, tp_src},
      {NXM_OF_ICMP_CODE, 1, NxmMasks::none, over_icmp, tp_dst},
      {NXM_NX_ICMPV6_TYPE, 1, NxmMasks::none, over_icmpv6, tp_src},
      {NXM_NX_ND_TARGET, 16, NxmMasks::none, discovery, nd_target},
      {NXM_NX_ND_SLL, 6, NxmMasks::none, solicitation, arp_sha},
      {NXM_NX_ND_TLL, 6, NxmMasks::none, advertisement, arp_tha},
      {NXM_NX_ICMPV6_CODE, 1, NxmMasks::none, over_icmpv6, tp_dst},
      {NXM_OF_ARP_OP, 2, NxmMasks::none, only_arp, nw_proto, false, 0xff00},
      {NXM_OF_ARP_SPA, 4, NxmMasks::leading_ones, only_arp, nw_src},
      {NXM_OF_ARP_TPA, 4, NxmMasks::leading_ones, only_arp, nw_dst},
      {NXM_NX_ARP_SHA, 6, NxmMasks::none, only_arp, arp_sha},
      {NXM_NX_ARP_THA, 6, NxmMasks::none, only_arp, arp_tha},
      {NXM_NX_TUN_ID, 8, NxmMasks::any, nothing, tun_id, true},
      {NXM_NX_REG0, 4, NxmMasks::any, nothing, reg, true},
      {NXM_NX_REG0 + 1, 4, NxmMasks::any, nothing, reg, true},
      {NXM_NX_REG0 + 2, 4, NxmMasks::any, nothing, reg, true},
      {NXM_NX_REG0 + 3, 4, NxmMasks::any, nothing, reg, true},
  }};
};
inline constexpr const auto& fields = Table<std::uint8_t>::fields;
}  // namespace nxm

}  // namespace oftwin

// A flow's match: for each field the value and the mask of the bits that are compared.
//
// Canonical form: bits outside the mask are zero in the value. All integers are in host byte order; the
// wire order belongs to the decoders. source: OpenFlow 1.0 section 5.2.3; nicira-ext.h of July 2011 (NXM).
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace oftwin {

template <class T>
struct Masked {
  T value{};
  T mask{};  // 1 bits are compared; 0: the field is wildcarded
  auto operator<=>(const Masked&) const = default;
};

using Ipv6 = std::array<std::uint8_t, 16>;

struct Match {
  Masked<std::uint64_t> tun_id;
  std::array<Masked<std::uint32_t>, 4> reg;
  Masked<std::uint16_t> in_port;   // exact or wildcarded
  Masked<std::uint64_t> dl_src;    // low 48 bits
  Masked<std::uint64_t> dl_dst;    // low 48 bits
  Masked<std::uint16_t> dl_type;   // 0x05ff: a frame without an ethertype (OFP_DL_TYPE_NOT_ETH_TYPE)
  Masked<std::uint16_t> vlan_tci;  // vid in bits 0-11, pcp in 13-15, bit 12 (0x1000): a tag is present; 0: no tag
  Masked<std::uint32_t> nw_src;    // IPv4, or ARP sender protocol address
  Masked<std::uint32_t> nw_dst;
  Masked<std::uint8_t> nw_tos;    // upper six bits only
  Masked<std::uint8_t> nw_proto;  // or the low byte of the ARP opcode
  Masked<std::uint16_t> tp_src;   // or ICMP type
  Masked<std::uint16_t> tp_dst;   // or ICMP code
  Masked<std::uint64_t> arp_sha;  // low 48 bits; for neighbour discovery, the source link-layer address
  Masked<std::uint64_t> arp_tha;  // low 48 bits; for neighbour discovery, the target link-layer address
  Masked<Ipv6> ipv6_src;
  Masked<Ipv6> ipv6_dst;
  Masked<Ipv6> nd_target;
  auto operator<=>(const Match&) const = default;
};

// What a packet looks like to a match: one value for each field, none wildcarded.
struct FlowKey {
  std::uint64_t tun_id = 0;
  std::array<std::uint32_t, 4> reg{};
  std::uint16_t in_port = 0;
  std::uint64_t dl_src = 0;
  std::uint64_t dl_dst = 0;
  std::uint16_t dl_type = 0;
  std::uint16_t vlan_tci = 0;
  std::uint32_t nw_src = 0;
  std::uint32_t nw_dst = 0;
  std::uint8_t nw_tos = 0;
  std::uint8_t nw_proto = 0;
  std::uint16_t tp_src = 0;
  std::uint16_t tp_dst = 0;
  std::uint64_t arp_sha = 0;
  std::uint64_t arp_tha = 0;
  Ipv6 ipv6_src{};
  Ipv6 ipv6_dst{};
  Ipv6 nd_target{};
  auto operator<=>(const FlowKey&) const = default;
};

}  // namespace oftwin

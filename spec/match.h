// A flow's match: for each field the value and the mask of the bits that are compared.
//
// Byte is std::uint8_t where a match is used and a solver's word where something is proved about it.
// Canonical form: bits outside the mask are zero in the value. All integers are in host byte order; the
// wire order belongs to the decoders. source: OpenFlow 1.0 section 5.2.3; nicira-ext.h of July 2011 (NXM).
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "spec/word.h"

namespace oftwin {

template <class T>
struct Masked {
  T value{};
  T mask{};  // 1 bits are compared; 0: the field is wildcarded
  auto operator<=>(const Masked&) const = default;
};

using Ipv6 = std::array<std::uint8_t, 16>;

template <class Byte>
struct MatchOf {
  template <class T>
  using Word = like<Byte, T>;
  Masked<Word<std::uint64_t>> tun_id;
  std::array<Masked<Word<std::uint32_t>>, 4> reg;
  Masked<Word<std::uint16_t>> in_port;   // exact or wildcarded
  Masked<Word<std::uint64_t>> dl_src;    // low 48 bits
  Masked<Word<std::uint64_t>> dl_dst;    // low 48 bits
  Masked<Word<std::uint16_t>> dl_type;   // 0x05ff: a frame without an ethertype (OFP_DL_TYPE_NOT_ETH_TYPE)
  Masked<Word<std::uint16_t>> vlan_tci;  // vid in bits 0-11, pcp in 13-15, bit 12 (0x1000): a tag is present; 0: no tag
  Masked<Word<std::uint32_t>> nw_src;    // IPv4, or ARP sender protocol address
  Masked<Word<std::uint32_t>> nw_dst;
  Masked<Byte> nw_tos;                  // upper six bits only
  Masked<Byte> nw_proto;                // or the low byte of the ARP opcode
  Masked<Word<std::uint16_t>> tp_src;   // or ICMP type
  Masked<Word<std::uint16_t>> tp_dst;   // or ICMP code
  Masked<Word<std::uint64_t>> arp_sha;  // low 48 bits; for neighbour discovery, the source link-layer address
  Masked<Word<std::uint64_t>> arp_tha;  // low 48 bits; for neighbour discovery, the target link-layer address
  Masked<std::array<Byte, 16>> ipv6_src;
  Masked<std::array<Byte, 16>> ipv6_dst;
  Masked<std::array<Byte, 16>> nd_target;
  auto operator<=>(const MatchOf&) const = default;
};
using Match = MatchOf<std::uint8_t>;

// What a packet looks like to a match: one value for each field, none wildcarded.
template <class Byte>
struct FlowKeyOf {
  template <class T>
  using Word = like<Byte, T>;
  Word<std::uint64_t> tun_id{};
  std::array<Word<std::uint32_t>, 4> reg{};
  Word<std::uint16_t> in_port{};
  Word<std::uint64_t> dl_src{};
  Word<std::uint64_t> dl_dst{};
  Word<std::uint16_t> dl_type{};
  Word<std::uint16_t> vlan_tci{};
  Word<std::uint32_t> nw_src{};
  Word<std::uint32_t> nw_dst{};
  Byte nw_tos{};
  Byte nw_proto{};
  Word<std::uint16_t> tp_src{};
  Word<std::uint16_t> tp_dst{};
  Word<std::uint64_t> arp_sha{};
  Word<std::uint64_t> arp_tha{};
  std::array<Byte, 16> ipv6_src{};
  std::array<Byte, 16> ipv6_dst{};
  std::array<Byte, 16> nd_target{};
  auto operator<=>(const FlowKeyOf&) const = default;
};
using FlowKey = FlowKeyOf<std::uint8_t>;

}  // namespace oftwin

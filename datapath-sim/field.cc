// The table is nx-match.def's of July 2011.
#include "datapath-sim/field.h"

#include <algorithm>
#include <iterator>

#include "spec/nicira.h"

namespace oftwin::sim {
namespace {

constexpr std::uint16_t kIp = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr bool kWritable = true, kReadOnly = false;

constexpr NamedField named(std::uint32_t type, Field field, std::uint8_t bits, bool writable, std::uint16_t dl_type = 0,
                           std::uint16_t or_dl_type = 0, std::uint8_t nw_proto = 0) {
  return {type << 9 | bits / 8u, field, bits, writable, dl_type, or_dl_type, nw_proto};
}

constexpr NamedField kFields[] = {
    named(NXM_OF_IN_PORT, Field::in_port, 16, kReadOnly),
    named(NXM_OF_ETH_DST, Field::dl_dst, 48, kWritable),
    named(NXM_OF_ETH_SRC, Field::dl_src, 48, kWritable),
    named(NXM_OF_ETH_TYPE, Field::dl_type, 16, kReadOnly),
    named(NXM_OF_VLAN_TCI, Field::vlan_tci, 16, kWritable),
    named(NXM_OF_IP_TOS, Field::nw_tos, 8, kWritable, kIp, kIpv6),
    named(NXM_OF_IP_PROTO, Field::nw_proto, 8, kReadOnly, kIp, kIpv6),
    named(NXM_OF_IP_SRC, Field::nw_src, 32, kWritable, kIp),
    named(NXM_OF_IP_DST, Field::nw_dst, 32, kWritable, kIp),
    named(NXM_OF_TCP_SRC, Field::tp_src, 16, kWritable, kIp, kIpv6, kTcp),
    named(NXM_OF_TCP_DST, Field::tp_dst, 16, kWritable, kIp, kIpv6, kTcp),
    named(NXM_OF_UDP_SRC, Field::tp_src, 16, kWritable, kIp, kIpv6, kUdp),
    named(NXM_OF_UDP_DST, Field::tp_dst, 16, kWritable, kIp, kIpv6, kUdp),
    named(NXM_OF_ICMP_TYPE, Field::icmp_type, 8, kReadOnly, kIp, 0, kIcmp),
    named(NXM_OF_ICMP_CODE, Field::icmp_code, 8, kReadOnly, kIp, 0, kIcmp),
    named(NXM_OF_ARP_OP, Field::nw_proto, 16, kReadOnly, kArp),
    named(NXM_OF_ARP_SPA, Field::nw_src, 32, kReadOnly, kArp),
    named(NXM_OF_ARP_TPA, Field::nw_dst, 32, kReadOnly, kArp),
    named(NXM_NX_ARP_SHA, Field::arp_sha, 48, kReadOnly, kArp),
    named(NXM_NX_ARP_THA, Field::arp_tha, 48, kReadOnly, kArp),
    named(NXM_NX_IPV6_SRC, Field::ipv6_src, 128, kReadOnly, kIpv6),
    named(NXM_NX_IPV6_DST, Field::ipv6_dst, 128, kReadOnly, kIpv6),
    named(NXM_NX_ND_TARGET, Field::nd_target, 128, kReadOnly, kIpv6, 0, kIcmpv6),
    named(NXM_NX_ICMPV6_TYPE, Field::icmp_type, 8, kReadOnly, kIpv6, 0, kIcmpv6),
    named(NXM_NX_ICMPV6_CODE, Field::icmp_code, 8, kReadOnly, kIpv6, 0, kIcmpv6),
    named(NXM_NX_ND_SLL, Field::arp_sha, 48, kReadOnly, kIpv6, 0, kIcmpv6),
    named(NXM_NX_ND_TLL, Field::arp_tha, 48, kReadOnly, kIpv6, 0, kIcmpv6),
    named(NXM_NX_TUN_ID, Field::tun_id, 64, kWritable),
    named(NXM_NX_REG0, Field::reg0, 32, kWritable),
    named(NXM_NX_REG0 + 1, Field::reg1, 32, kWritable),
    named(NXM_NX_REG0 + 2, Field::reg2, 32, kWritable),
    named(NXM_NX_REG0 + 3, Field::reg3, 32, kWritable),
};

constexpr std::size_t reg_index(Field field) {
  return static_cast<std::size_t>(field) - static_cast<std::size_t>(Field::reg0);
}

// The low 64 bits of what is left when the address, a number of 128 bits, is shifted right.
std::uint64_t read_wide(const Ipv6& address, unsigned shift) {
  std::uint64_t high = 0, low = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    high = high << 8 | address[i];
    low = low << 8 | address[i + 8];
  }
  if (shift == 0) return low;
  if (shift >= 64) return high >> (shift - 64);
  return high << (64 - shift) | low >> shift;
}

}  // namespace

bool NamedField::allowed(const Protocols& packets) const {
  if (nw_proto != 0 && packets.nw_proto != nw_proto) return false;
  return dl_type == 0 || packets.dl_type == dl_type || (or_dl_type != 0 && packets.dl_type == or_dl_type);
}

const NamedField* find_field(std::uint32_t header) {
  const auto* at =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const auto& f) { return f.header == header; });
  return at == std::end(kFields) ? nullptr : at;
}

std::uint64_t read(const FlowKey& k, Field field) {
  switch (field) {
    case Field::in_port:
      return k.in_port;
    case Field::dl_dst:
      return k.dl_dst;
    case Field::dl_src:
      return k.dl_src;
    case Field::dl_type:
      return k.dl_type;
    case Field::vlan_tci:
      return k.vlan_tci;
    case Field::nw_tos:
      return k.nw_tos;
    case Field::nw_proto:
      return k.nw_proto;
    case Field::nw_src:
      return k.nw_src;
    case Field::nw_dst:
      return k.nw_dst;
    case Field::tp_src:
      return k.tp_src;
    case Field::tp_dst:
      return k.tp_dst;
    case Field::icmp_type:
      return k.tp_src & 0xff;
    case Field::icmp_code:
      return k.tp_dst & 0xff;
    case Field::arp_sha:
      return k.arp_sha;
    case Field::arp_tha:
      return k.arp_tha;
    case Field::tun_id:
      return k.tun_id;
    default:
      return k.reg[reg_index(field)];
  }
}

std::uint64_t read_bits(const FlowKey& k, Field field, unsigned shift) {
  if (field == Field::ipv6_src) return read_wide(k.ipv6_src, shift);
  if (field == Field::ipv6_dst) return read_wide(k.ipv6_dst, shift);
  if (field == Field::nd_target) return read_wide(k.nd_target, shift);
  return read(k, field) >> shift;
}

void write(FlowKey& k, Field field, std::uint64_t v) {
  constexpr std::uint64_t mac = 0xffffffffffff;
  constexpr std::uint8_t dscp = 0xfc;
  switch (field) {
    case Field::dl_dst:
      k.dl_dst = v & mac;
      break;
    case Field::dl_src:
      k.dl_src = v & mac;
      break;
    case Field::vlan_tci:
      k.vlan_tci = static_cast<std::uint16_t>(v);
      break;
    case Field::nw_tos:
      k.nw_tos = static_cast<std::uint8_t>(v) & dscp;
      break;
    case Field::nw_src:
      k.nw_src = static_cast<std::uint32_t>(v);
      break;
    case Field::nw_dst:
      k.nw_dst = static_cast<std::uint32_t>(v);
      break;
    case Field::tp_src:
      k.tp_src = static_cast<std::uint16_t>(v);
      break;
    case Field::tp_dst:
      k.tp_dst = static_cast<std::uint16_t>(v);
      break;
    case Field::tun_id:
      k.tun_id = v;
      break;
    case Field::reg0:
    case Field::reg1:
    case Field::reg2:
    case Field::reg3:
      k.reg[reg_index(field)] = static_cast<std::uint32_t>(v);
      break;
    default:
      break;  // no writable field
  }
}

}  // namespace oftwin::sim

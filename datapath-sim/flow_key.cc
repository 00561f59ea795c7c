#include "datapath-sim/flow_key.h"

#include <cstring>

namespace oftwin::sim {
namespace {

// What FlowKey and oft_match have in common, in one order; place() alone says where each field lies.
struct Fields {
  std::uint64_t tun_id, dl_src, dl_dst, arp_sha, arp_tha;
  const std::uint32_t* reg;
  std::uint32_t nw_src, nw_dst;
  std::uint16_t in_port, dl_type, vlan_tci, tp_src, tp_dst;
  std::uint8_t nw_tos, nw_proto;
  const std::uint8_t *ipv6_src, *ipv6_dst, *nd_target;
};

std::uint64_t pair(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }

void put_ipv6(std::uint64_t* words, const std::uint8_t* address) { std::memcpy(words, address, 16); }

KeyWords place(const Fields& f) {
  KeyWords w;
  w[0] = std::uint64_t{f.in_port} << 48 | std::uint64_t{f.dl_type} << 32 | std::uint64_t{f.vlan_tci} << 16 |
         std::uint64_t{f.nw_tos} << 8 | f.nw_proto;
  w[1] = f.dl_src << 16 | f.tp_src;
  w[2] = f.dl_dst << 16 | f.tp_dst;
  w[3] = pair(f.nw_src, f.nw_dst);
  w[4] = f.arp_sha;
  w[5] = f.arp_tha;
  put_ipv6(&w[6], f.ipv6_src);
  put_ipv6(&w[8], f.ipv6_dst);
  put_ipv6(&w[10], f.nd_target);
  w[12] = f.tun_id;
  w[13] = pair(f.reg[0], f.reg[1]);
  w[14] = pair(f.reg[2], f.reg[3]);
  return w;
}

}  // namespace

KeyWords pack(const FlowKey& k) {
  return place({k.tun_id, k.dl_src, k.dl_dst, k.arp_sha, k.arp_tha, k.reg.data(), k.nw_src, k.nw_dst, k.in_port,
                k.dl_type, k.vlan_tci, k.tp_src, k.tp_dst, k.nw_tos, k.nw_proto, k.ipv6_src.data(), k.ipv6_dst.data(),
                k.nd_target.data()});
}

MatchWords pack(const oft_match& m) {
  MatchWords w;
  w.value = place({m.tun_id, m.dl_src, m.dl_dst, m.arp_sha, m.arp_tha, m.reg, m.nw_src, m.nw_dst, m.in_port, m.dl_type,
                   m.vlan_tci, m.tp_src, m.tp_dst, m.nw_tos, m.nw_proto, m.ipv6_src, m.ipv6_dst, m.nd_target});
  w.mask = place({m.tun_id_mask, m.dl_src_mask, m.dl_dst_mask, m.arp_sha_mask, m.arp_tha_mask, m.reg_mask,
                  m.nw_src_mask, m.nw_dst_mask, m.in_port_mask, m.dl_type_mask, m.vlan_tci_mask, m.tp_src_mask,
                  m.tp_dst_mask, m.nw_tos_mask, m.nw_proto_mask, m.ipv6_src_mask, m.ipv6_dst_mask, m.nd_target_mask});
  for (std::size_t i = 0; i < kKeyWords; ++i) w.value[i] &= w.mask[i];
  return w;
}

}  // namespace oftwin::sim

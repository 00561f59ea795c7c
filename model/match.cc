// Canonical form and normalization of matches. Invariant: both only ever take bits away.
#include "model/match.h"

namespace oftwin::model {

namespace {

template <class W>
void clear_outside_mask(Masked<W>& field) {
  field.value = static_cast<W>(field.value & field.mask);
}
void clear_outside_mask(Masked<Ipv6>& field) {
  for (std::size_t i = 0; i < 16; ++i) field.value[i] &= field.mask[i];
}

constexpr std::uint16_t kIpv4 = 0x0800, kArp = 0x0806;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

}  // namespace

Match canonical(Match m) {
  for (auto* f : {&m.tun_id, &m.dl_src, &m.dl_dst, &m.arp_sha, &m.arp_tha}) clear_outside_mask(*f);
  for (auto& f : m.reg) clear_outside_mask(f);
  for (auto* f : {&m.nw_src, &m.nw_dst}) clear_outside_mask(*f);
  for (auto* f : {&m.in_port, &m.dl_type, &m.vlan_tci, &m.tp_src, &m.tp_dst}) clear_outside_mask(*f);
  for (auto* f : {&m.nw_tos, &m.nw_proto}) clear_outside_mask(*f);
  for (auto* f : {&m.ipv6_src, &m.ipv6_dst, &m.nd_target}) clear_outside_mask(*f);
  return m;
}

Match normalized(Match m) {
  const bool ipv4 = m.dl_type == Masked<std::uint16_t>{kIpv4, 0xffff};
  const bool arp = m.dl_type == Masked<std::uint16_t>{kArp, 0xffff};
  const bool ports = ipv4 && m.nw_proto.mask == 0xff &&
                     (m.nw_proto.value == kTcp || m.nw_proto.value == kUdp || m.nw_proto.value == kIcmp);
  if (!ipv4) m.nw_tos = {};
  if (!ipv4 && !arp) {
    m.nw_proto = {};
    m.nw_src = {};
    m.nw_dst = {};
  }
  if (!ports) {
    m.tp_src = {};
    m.tp_dst = {};
  }
  return m;
}

}  // namespace oftwin::model

// From the switch's words to the provider's structure. The word layout stands in match.h.
#include "impl/match.h"

#include <cstring>

namespace oftwin::impl {

using namespace words;

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

}  // namespace oftwin::impl

#include "harness/nxm_render.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace oftwin::harness {

namespace {

// vendor << 7 | field
enum Nxm : std::uint32_t {
  kInPort = 0,
  kEthDst = 1,
  kEthSrc = 2,
  kEthType = 3,
  kVlanTci = 4,
  kIpTos = 5,
  kIpProto = 6,
  kIpSrc = 7,
  kIpDst = 8,
  kTcpSrc = 9,
  kTcpDst = 10,
  kUdpSrc = 11,
  kUdpDst = 12,
  kIcmpType = 13,
  kIcmpCode = 14,
  kArpOp = 15,
  kArpSpa = 16,
  kArpTpa = 17,
  kReg0 = 1 << 7 | 0,
  kTunId = 1 << 7 | 16,
  kArpSha = 1 << 7 | 17,
  kArpTha = 1 << 7 | 18,
  kIpv6Src = 1 << 7 | 19,
  kIpv6Dst = 1 << 7 | 20,
  kIcmpv6Type = 1 << 7 | 21,
  kIcmpv6Code = 1 << 7 | 22,
  kNdTarget = 1 << 7 | 23,
  kNdSll = 1 << 7 | 24,
  kNdTll = 1 << 7 | 25,
};

enum : std::uint16_t { kIp = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd };
enum : std::uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58 };

class Renderer {
 public:
  // An entry of `size` bytes, without mask if it is all ones, not at all if it is zero.
  void put(Nxm field, std::uint64_t value, std::uint64_t mask, std::size_t size) {
    const std::uint64_t all = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
    if ((mask & all) == 0) return;
    const bool masked = (mask & all) != all;
    header(field, masked, size);
    big_endian(value, size);
    if (masked) big_endian(mask, size);
  }
  template <std::unsigned_integral T>
  void put(Nxm field, const Masked<T>& m, std::size_t size = sizeof(T)) {
    put(field, m.value, m.mask, size);
  }
  void put(Nxm field, const Masked<Ipv6>& m) {
    bool any = false, all = true;
    for (std::uint8_t b : m.mask) any |= b != 0, all &= b == 0xff;
    if (!any) return;
    header(field, !all, 16);
    out_.insert(out_.end(), m.value.begin(), m.value.end());
    if (!all) out_.insert(out_.end(), m.mask.begin(), m.mask.end());
  }
  Bytes take() { return std::move(out_); }

 private:
  void header(Nxm field, bool masked, std::size_t size) {
    const std::uint64_t length = masked ? 2 * size : size;
    big_endian(std::uint64_t{field} << 9 | std::uint64_t{masked} << 8 | length, 4);
  }
  void big_endian(std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  Bytes out_;
};

void put_transport(Renderer& r, const Match& m, bool ipv6) {
  if (m.nw_proto.mask != 0xff) return;
  r.put(kIpProto, m.nw_proto);
  if (m.nw_proto.value == kTcp) {
    r.put(kTcpSrc, m.tp_src);
    r.put(kTcpDst, m.tp_dst);
  } else if (m.nw_proto.value == kUdp) {
    r.put(kUdpSrc, m.tp_src);
    r.put(kUdpDst, m.tp_dst);
  } else if (m.nw_proto.value == kIcmp && !ipv6) {
    r.put(kIcmpType, m.tp_src.value, m.tp_src.mask, 1);
    r.put(kIcmpCode, m.tp_dst.value, m.tp_dst.mask, 1);
  } else if (m.nw_proto.value == kIcmpv6 && ipv6) {
    r.put(kIcmpv6Type, m.tp_src.value, m.tp_src.mask, 1);
    r.put(kNdTarget, m.nd_target);
    r.put(kNdSll, m.arp_sha, 6);
    r.put(kNdTll, m.arp_tha, 6);
    r.put(kIcmpv6Code, m.tp_dst.value, m.tp_dst.mask, 1);
  }
}

// The type of service has six bits; NXM shows them and not the two below.
void put_tos(Renderer& r, const Match& m) {
  if (m.nw_tos.mask != 0) r.put(kIpTos, m.nw_tos.value & 0xfc, 0xff, 1);
}

void put_network(Renderer& r, const Match& m) {
  if (m.dl_type.mask != 0xffff) return;
  if (m.dl_type.value == kIp) {
    put_tos(r, m);
    r.put(kIpSrc, m.nw_src);
    r.put(kIpDst, m.nw_dst);
    put_transport(r, m, false);
  } else if (m.dl_type.value == kIpv6) {
    put_tos(r, m);
    r.put(kIpv6Src, m.ipv6_src);
    r.put(kIpv6Dst, m.ipv6_dst);
    put_transport(r, m, true);
  } else if (m.dl_type.value == kArp) {
    if (m.nw_proto.mask == 0xff) r.put(kArpOp, m.nw_proto.value, 0xffff, 2);
    r.put(kArpSpa, m.nw_src);
    r.put(kArpTpa, m.nw_dst);
    r.put(kArpSha, m.arp_sha, 6);
    r.put(kArpTha, m.arp_tha, 6);
  }
}

}  // namespace

Bytes render_nxm(const Match& m) {
  Renderer r;
  r.put(kInPort, m.in_port);
  r.put(kEthDst, m.dl_dst, 6);
  r.put(kEthSrc, m.dl_src, 6);
  r.put(kEthType, m.dl_type);
  r.put(kVlanTci, m.vlan_tci);
  put_network(r, m);
  r.put(kTunId, m.tun_id);
  for (std::uint32_t i = 0; i < 4; ++i) r.put(static_cast<Nxm>(kReg0 + i), m.reg[i]);
  return r.take();
}

}  // namespace oftwin::harness

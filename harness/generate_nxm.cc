#include "harness/generate_nxm.h"

#include <algorithm>
#include <array>
#include <vector>

#include "harness/generate_frame.h"
#include "harness/nxm_syntax.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

constexpr std::array<std::uint8_t, 4> low_bytes = {1, 2, 3, 0x80};

template <class T>
Bytes big_endian(T value) {
  Bytes out;
  put(out, value);
  return out;
}

template <class T>
Bytes entry(std::uint32_t type, T value) {
  return nxm_entry(type, big_endian(value));
}

// Masked, half of the time, by one of `masks`.
template <class T, std::size_t N>
Bytes maskable(Source& s, std::uint32_t type, T value, const std::array<T, N>& masks) {
  return s.chance(50) ? entry(type, value) : nxm_entry(type, big_endian(value), big_endian(s.pick(masks)));
}

Bytes mac_entry(Source& s, std::uint32_t type) {
  const Mac& mac = s.pick(universe::macs);
  return nxm_entry(type, Bytes(mac.begin(), mac.end()));
}

Bytes eth_dst(Source& s) {
  static const std::array<Bytes, 5> masks = {{{1, 0, 0, 0, 0, 0},
                                              {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff},
                                              {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                              {0, 0, 0, 0, 0, 0},
                                              {0xff, 0xff, 0xff, 0, 0, 0}}};  // a bad one
  if (s.chance(50)) return mac_entry(s, NXM_OF_ETH_DST);
  const Mac& mac = s.pick(universe::macs);
  const std::size_t known = s.chance(95) ? 4 : 5;
  return nxm_entry(NXM_OF_ETH_DST, Bytes(mac.begin(), mac.end()), masks[s.below(known)]);
}

Bytes vlan_tci(Source& s) {
  constexpr std::array<std::uint16_t, 6> masks = {0x1000, 0x1fff, 0xf000, 0x0fff, 0x0001, 0xefff};
  const std::uint16_t vid = s.pick(universe::vids);
  const auto tci = static_cast<std::uint16_t>(s.pick(universe::pcps) << 13 | 0x1000 | vid);
  return maskable(s, NXM_OF_VLAN_TCI, s.chance(20) ? std::uint16_t{0} : tci, masks);
}

Bytes address(Source& s, std::uint32_t type) {
  constexpr std::array<std::uint32_t, 5> masks = {0xffffff00, 0xff000000, 0xfffffffe, 0x80000000, 0};
  constexpr std::array<std::uint32_t, 2> bad = {0x00ffffff, 0xff00ff00};
  const std::uint32_t value = s.pick(universe::addresses);
  return s.chance(3) ? nxm_entry(type, big_endian(value), big_endian(s.pick(bad))) : maskable(s, type, value, masks);
}

Bytes address6(Source& s, std::uint32_t type) {
  Bytes value{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s.pick(low_bytes)};
  if (s.chance(60)) return nxm_entry(type, value);
  constexpr std::array<unsigned, 7> lengths = {0, 1, 10, 64, 127, 128, 120};
  Bytes mask(16, 0);
  for (unsigned bit = 0, n = s.pick(lengths); bit < n; ++bit)
    mask[bit / 8] |= static_cast<std::uint8_t>(0x80u >> bit % 8);
  if (s.chance(5)) mask[15] ^= 2;
  return nxm_entry(type, value, mask);
}

Bytes tun_id(Source& s) {
  constexpr std::array<std::uint64_t, 4> masks = {1, 0xffffffff, 0xffffffff00000000, 0};
  return maskable(s, NXM_NX_TUN_ID, s.chance(70) ? s.pick(universe::tun_ids) : s.pick(universe::words), masks);
}

Bytes reg(Source& s) {
  constexpr std::array<std::uint32_t, 4> masks = {1, 0xffff0000, 0xfffffffe, 0};
  const std::uint32_t type = NXM_NX_REG0 + static_cast<std::uint32_t>(s.below(4));
  return maskable(s, type, static_cast<std::uint32_t>(s.pick(universe::words)), masks);
}

// A field that needs nothing before it.
Bytes free_entry(Source& s) {
  switch (s.below(7)) {
    case 0:
    case 1:
      return entry(NXM_OF_IN_PORT, static_cast<std::uint16_t>(s.between(1, 2)));
    case 2:
      return eth_dst(s);
    case 3:
      return mac_entry(s, NXM_OF_ETH_SRC);
    case 4:
      return vlan_tci(s);
    case 5:
      return tun_id(s);
    default:
      return reg(s);
  }
}

using Entries = std::vector<Bytes>;

void ports(Source& s, std::uint32_t source_port, Entries& out) {
  if (s.chance(50)) out.push_back(entry(source_port, s.pick(universe::tp_ports)));
  if (s.chance(50)) out.push_back(entry(source_port + 1, s.pick(universe::tp_ports)));
}

void icmp(Source& s, std::uint32_t type, std::uint8_t value, Entries& out) {
  if (s.chance(80)) out.push_back(entry(type, value));
  if (s.chance(30)) out.push_back(entry<std::uint8_t>(type + 1, static_cast<std::uint8_t>(s.below(2))));
}

void neighbour(Source& s, Entries& out) {
  constexpr std::array<std::uint8_t, 3> types = {135, 136, 128};
  const std::uint8_t type = s.pick(types);
  out.push_back(entry(NXM_NX_ICMPV6_TYPE, type));
  if (type == 128 && s.chance(90)) return;
  if (s.chance(60)) {
    out.push_back(
        nxm_entry(NXM_NX_ND_TARGET, Bytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s.pick(low_bytes)}));
  }
  const bool solicitation = (type == 135) != s.chance(3);
  if (s.chance(40)) out.push_back(mac_entry(s, solicitation ? NXM_NX_ND_SLL : NXM_NX_ND_TLL));
}

// The protocol and what stands above it. `v6`: ICMP is ICMPv6.
void transport(Source& s, bool v6, Entries& out) {
  switch (s.below(4)) {
    case 0:
      out.push_back(entry<std::uint8_t>(NXM_OF_IP_PROTO, 6));
      return ports(s, NXM_OF_TCP_SRC, out);
    case 1:
      out.push_back(entry<std::uint8_t>(NXM_OF_IP_PROTO, 17));
      return ports(s, NXM_OF_UDP_SRC, out);
    case 2:
      out.push_back(entry<std::uint8_t>(NXM_OF_IP_PROTO, v6 ? 58 : 1));
      if (v6 && s.chance(70)) return neighbour(s, out);
      return icmp(s, v6 ? NXM_NX_ICMPV6_TYPE : NXM_OF_ICMP_TYPE, v6 ? 128 : 8, out);
    default:
      out.push_back(entry(NXM_OF_IP_PROTO, s.pick(universe::protocols)));
  }
}

void network(Source& s, bool v6, Entries& out) {
  out.push_back(entry<std::uint16_t>(NXM_OF_ETH_TYPE, v6 ? 0x86dd : 0x0800));
  if (s.chance(20)) {
    out.push_back(entry<std::uint8_t>(NXM_OF_IP_TOS, s.chance(95) ? s.pick(universe::toses) : std::uint8_t{1}));
  }
  if (s.chance(50)) out.push_back(v6 ? address6(s, NXM_NX_IPV6_SRC) : address(s, NXM_OF_IP_SRC));
  if (s.chance(40)) out.push_back(v6 ? address6(s, NXM_NX_IPV6_DST) : address(s, NXM_OF_IP_DST));
  if (s.chance(60)) transport(s, v6, out);
}

void arp(Source& s, Entries& out) {
  out.push_back(entry<std::uint16_t>(NXM_OF_ETH_TYPE, 0x0806));
  if (s.chance(50)) {
    out.push_back(entry<std::uint16_t>(
        NXM_OF_ARP_OP, s.chance(95) ? static_cast<std::uint16_t>(s.between(1, 2)) : std::uint16_t{256}));
  }
  if (s.chance(40)) out.push_back(address(s, NXM_OF_ARP_SPA));
  if (s.chance(40)) out.push_back(address(s, NXM_OF_ARP_TPA));
  if (s.chance(20)) out.push_back(mac_entry(s, NXM_NX_ARP_SHA));
  if (s.chance(20)) out.push_back(mac_entry(s, NXM_NX_ARP_THA));
}

Bytes join(const Entries& entries) {
  Bytes out;
  for (const Bytes& e : entries) put_bytes(out, e);
  return out;
}

// Cuts where the entries' own lengths say.
Entries split(ByteView bytes) {
  Entries out;
  while (bytes.size() >= 4) {
    const std::size_t size = std::min(bytes.size(), std::size_t{4} + bytes[3]);
    out.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
  if (!bytes.empty()) out.emplace_back(bytes.begin(), bytes.end());
  return out;
}

}  // namespace

Bytes draw_nxm(Source& s) {
  Entries out;
  if (s.chance(12)) return {};
  const std::uint64_t before = s.below(3);
  for (std::uint64_t i = 0; i < before; ++i) out.push_back(free_entry(s));
  switch (s.below(6)) {
    case 0:
    case 1:
      network(s, false, out);
      break;
    case 2:
    case 3:
      network(s, true, out);
      break;
    case 4:
      arp(s, out);
      break;
    default:
      if (s.chance(40)) out.push_back(entry(NXM_OF_ETH_TYPE, std::uint16_t{0x05ff}));
  }
  if (s.chance(15)) out.push_back(free_entry(s));
  return join(out);
}

Bytes nxm_of(const WireMatch& m) {
  Entries out;
  const auto matched = [&m](std::uint32_t wildcard) { return (m.wildcards & wildcard) == 0; };
  const auto add_address = [&](std::uint32_t type, std::uint32_t value, unsigned shift) {
    const unsigned ignored = m.wildcards >> shift & 63;
    if (ignored >= 32) return;
    out.push_back(nxm_entry(type, big_endian(value), big_endian(~std::uint32_t{0} << ignored)));
  };
  if (matched(OFPFW_IN_PORT)) out.push_back(entry(NXM_OF_IN_PORT, m.in_port));
  if (matched(OFPFW_DL_DST)) out.push_back(nxm_entry(NXM_OF_ETH_DST, Bytes(m.dl_dst.begin(), m.dl_dst.end())));
  if (matched(OFPFW_DL_SRC)) out.push_back(nxm_entry(NXM_OF_ETH_SRC, Bytes(m.dl_src.begin(), m.dl_src.end())));
  if (matched(OFPFW_DL_VLAN) && m.dl_vlan == OFP_VLAN_NONE) out.push_back(entry(NXM_OF_VLAN_TCI, std::uint16_t{0}));
  if (!matched(OFPFW_DL_TYPE)) return join(out);
  out.push_back(entry(NXM_OF_ETH_TYPE, m.dl_type));
  const bool ip = m.dl_type == 0x0800;
  if (!ip && m.dl_type != 0x0806) return join(out);
  add_address(ip ? NXM_OF_IP_SRC : NXM_OF_ARP_SPA, m.nw_src, OFPFW_NW_SRC_SHIFT);
  add_address(ip ? NXM_OF_IP_DST : NXM_OF_ARP_TPA, m.nw_dst, OFPFW_NW_DST_SHIFT);
  if (!ip || !matched(OFPFW_NW_PROTO)) return join(out);
  out.push_back(entry(NXM_OF_IP_PROTO, m.nw_proto));
  if (m.nw_proto != 6 && m.nw_proto != 17) return join(out);
  const std::uint32_t source_port = m.nw_proto == 6 ? NXM_OF_TCP_SRC : NXM_OF_UDP_SRC;
  if (matched(OFPFW_TP_SRC)) out.push_back(entry(source_port, m.tp_src));
  if (matched(OFPFW_TP_DST)) out.push_back(entry(source_port + 1, m.tp_dst));
  return join(out);
}

void vary_nxm(Source& s, Bytes& bytes) {
  Entries entries = split(bytes);
  const std::size_t at = s.below(entries.size() + 1);
  const auto place = entries.begin() + static_cast<std::ptrdiff_t>(at);
  switch (s.below(8)) {
    case 0:
    case 1:
    case 2:
      entries.insert(place, free_entry(s));
      break;
    case 3:
    case 4:
    case 5:
      if (!entries.empty()) entries.pop_back();
      break;
    case 6:
      if (place != entries.end()) entries.erase(place);
      break;
    default:
      bytes = join(entries);
      if (!bytes.empty()) bytes[s.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << s.below(8));
      return;
  }
  bytes = join(entries);
}

}  // namespace oftwin::harness

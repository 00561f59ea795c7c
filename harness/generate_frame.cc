#include "harness/generate_frame.h"

#include <algorithm>
#include <vector>

#include "harness/frame.h"
#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd, kTagged = 0x1000;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;

std::uint64_t number(const Mac& mac) {
  std::uint64_t n = 0;
  for (const std::uint8_t byte : mac) n = n << 8 | byte;
  return n;
}

template <class W>
void take(W& value, const Masked<W>& wanted) {
  value = static_cast<W>((value & ~wanted.mask) | wanted.value);
}
void take(Ipv6& value, const Masked<Ipv6>& wanted) {
  for (std::size_t i = 0; i < value.size(); ++i) take(value[i], Masked<std::uint8_t>{wanted.value[i], wanted.mask[i]});
}

// Link-local addresses, of which there are two.
Ipv6 draw_ipv6(Source& source) {
  Ipv6 out{0xfe, 0x80};
  out.back() = static_cast<std::uint8_t>(source.between(1, 2));
  return out;
}

void draw_transport(Source& source, const Match& match, FlowKey& key) {
  if (key.nw_proto != kTcp && key.nw_proto != kUdp && key.nw_proto != kIcmp) return;
  const unsigned bits = key.nw_proto == kIcmp ? 0xff : 0xffff;
  key.tp_src = source.pick(universe::tp_ports);
  key.tp_dst = source.pick(universe::tp_ports);
  take(key.tp_src, match.tp_src);
  take(key.tp_dst, match.tp_dst);
  key.tp_src = static_cast<std::uint16_t>(key.tp_src & bits);
  key.tp_dst = static_cast<std::uint16_t>(key.tp_dst & bits);
}

void draw_addresses(Source& source, const Match& match, FlowKey& key) {
  key.nw_src = source.pick(universe::addresses);
  key.nw_dst = source.pick(universe::addresses);
  take(key.nw_src, match.nw_src);
  take(key.nw_dst, match.nw_dst);
}

void draw_tos(Source& source, const Match& match, FlowKey& key) {
  key.nw_tos = source.pick(universe::toses);
  take(key.nw_tos, match.nw_tos);
}

void draw_arp(Source& source, const Match& match, FlowKey& key) {
  key.nw_proto = static_cast<std::uint8_t>(1 + source.below(2));
  take(key.nw_proto, match.nw_proto);
  key.arp_sha = number(source.pick(universe::macs));
  key.arp_tha = number(source.pick(universe::macs));
  take(key.arp_sha, match.arp_sha);
  take(key.arp_tha, match.arp_tha);
  draw_addresses(source, match, key);
}

void draw_ipv4(Source& source, const Match& match, FlowKey& key) {
  key.nw_proto = source.pick(universe::protocols);
  take(key.nw_proto, match.nw_proto);
  draw_tos(source, match, key);
  draw_addresses(source, match, key);
  draw_transport(source, match, key);
}

// A neighbour solicitation or advertisement with one link-layer address, mostly.
void draw_discovery(Source& source, const Match& match, FlowKey& key) {
  const bool solicitation = source.chance(50);
  key.tp_src = solicitation ? 135 : 136;
  take(key.tp_src, match.tp_src);
  take(key.tp_dst, match.tp_dst);
  key.tp_src = static_cast<std::uint16_t>(key.tp_src & 0xff);
  key.tp_dst = static_cast<std::uint16_t>(key.tp_dst & 0xff);
  key.nd_target = draw_ipv6(source);
  take(key.nd_target, match.nd_target);
  const bool has_address = source.chance(90);
  if (has_address) (solicitation ? key.arp_sha : key.arp_tha) = number(source.pick(universe::macs));
  take(key.arp_sha, match.arp_sha);
  take(key.arp_tha, match.arp_tha);
}

void draw_ipv6(Source& source, const Match& match, FlowKey& key) {
  key.nw_proto = source.pick(universe::ipv6_next);
  take(key.nw_proto, match.nw_proto);
  if (source.chance(20)) draw_tos(source, match, key);
  take(key.nw_tos, match.nw_tos);
  key.ipv6_src = draw_ipv6(source);
  key.ipv6_dst = draw_ipv6(source);
  take(key.ipv6_src, match.ipv6_src);
  take(key.ipv6_dst, match.ipv6_dst);
  if (key.nw_proto == kIcmpv6) draw_discovery(source, match, key);
  draw_transport(source, match, key);
}

// Where the header behind Ethernet's begins.
std::size_t network_at(const FlowKey& key) { return key.vlan_tci & kTagged ? 18 : 14; }

// A later fragment, or one that another follows.
void make_fragment(Source& source, Bytes& frame, std::size_t ip) {
  if (frame.size() < ip + 20) return;
  set_u16(frame, ip + 6, source.chance(50) ? 0x2000 : 0x0005);
  set_u16(frame, ip + 10, 0);
  set_u16(frame, ip + 10, internet_checksum(ByteView(frame).subspan(ip, 20)));
}

void insert(Bytes& frame, std::size_t at, ByteView bytes) {
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
}

// A hop-by-hop header, or a fragment's.
void insert_extension(Source& source, Bytes& frame, std::size_t ip) {
  if (frame.size() < ip + 40) return;
  const std::uint8_t next = frame[ip + 6];
  frame[ip + 6] = source.chance(50) ? 0 : 44;
  set_u16(frame, ip + 4, (std::size_t{frame[ip + 4]} << 8 | frame[ip + 5]) + 8);
  insert(frame, ip + 40, Bytes{next, 0, 0, static_cast<std::uint8_t>(source.below(2) * 8), 0, 0, 0, 0});
}

// 802.3 with LLC and SNAP around what was there, or something else.
void wrap_in_snap(Source& source, Bytes& frame, std::size_t network) {
  const Bytes snap = {0xaa, 0xaa, 3, 0, 0, static_cast<std::uint8_t>(source.below(2))};
  const std::size_t length = frame.size() - network + snap.size() + 2;
  insert(frame, network - 2, snap);
  insert(frame, network - 2, Bytes{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
}

}  // namespace

FlowKey draw_key(Source& source, const Match& match) {
  FlowKey key;
  key.in_port = static_cast<std::uint16_t>(source.between(1, 2));
  key.dl_dst = number(source.pick(universe::macs));
  key.dl_src = number(source.pick(universe::macs));
  if (source.chance(25)) {
    const unsigned pcp = source.pick(universe::pcps);
    key.vlan_tci = static_cast<std::uint16_t>(kTagged | pcp << 13 | source.pick(universe::vids));
  }
  if (source.chance(20)) key.tun_id = source.chance(70) ? source.pick(universe::tun_ids) : source.pick(universe::words);
  key.dl_type = source.chance(6) ? kIpv6 : source.pick(universe::dl_types);
  take(key.in_port, match.in_port);
  take(key.dl_dst, match.dl_dst);
  take(key.dl_src, match.dl_src);
  take(key.vlan_tci, match.vlan_tci);
  if ((key.vlan_tci & kTagged) == 0) key.vlan_tci = 0;
  take(key.tun_id, match.tun_id);
  take(key.dl_type, match.dl_type);
  if (key.dl_type == kIpv4) draw_ipv4(source, match, key);
  if (key.dl_type == kArp) draw_arp(source, match, key);
  if (key.dl_type == kIpv6) draw_ipv6(source, match, key);
  return key;
}

void miss(Source& source, const Match& m, FlowKey& key) {
  std::vector<void (*)(const Match&, FlowKey&)> ways;
  const auto way = [&](std::uint64_t mask, void (*flip)(const Match&, FlowKey&)) {
    if (mask != 0) ways.push_back(flip);
  };
  // The lowest bit that is compared.
  way(m.in_port.mask, [](const Match&, FlowKey& k) { k.in_port ^= 1; });
  way(m.dl_src.mask, [](const Match& f, FlowKey& k) { k.dl_src ^= f.dl_src.mask & -f.dl_src.mask; });
  way(m.dl_dst.mask, [](const Match& f, FlowKey& k) { k.dl_dst ^= f.dl_dst.mask & -f.dl_dst.mask; });
  way(m.nw_src.mask, [](const Match& f, FlowKey& k) { k.nw_src ^= f.nw_src.mask & -f.nw_src.mask; });
  way(m.nw_dst.mask, [](const Match& f, FlowKey& k) { k.nw_dst ^= f.nw_dst.mask & -f.nw_dst.mask; });
  way(m.nw_proto.mask, [](const Match&, FlowKey& k) { k.nw_proto ^= 1; });
  way(m.nw_tos.mask, [](const Match&, FlowKey& k) { k.nw_tos ^= 4; });
  way(m.vlan_tci.mask & 0xfff, [](const Match&, FlowKey& k) { k.vlan_tci ^= k.vlan_tci & kTagged ? 1 : 0; });
  way(m.vlan_tci.mask & 0xe000, [](const Match&, FlowKey& k) { k.vlan_tci ^= k.vlan_tci & kTagged ? 0x2000 : 0; });
  way(m.tp_src.mask, [](const Match&, FlowKey& k) { k.tp_src ^= 1; });
  way(m.tp_dst.mask, [](const Match&, FlowKey& k) { k.tp_dst ^= 1; });
  way(m.ipv6_src.mask.back(), [](const Match&, FlowKey& k) { k.ipv6_src.back() ^= 1; });
  way(m.ipv6_dst.mask.back(), [](const Match&, FlowKey& k) { k.ipv6_dst.back() ^= 1; });
  way(m.nd_target.mask.back(), [](const Match&, FlowKey& k) { k.nd_target.back() ^= 1; });
  if (!ways.empty()) source.pick(ways)(m, key);
}

Bytes draw_frame(Source& source, const FlowKey& key) {
  const Bytes payload(source.below(12), 0xab);
  Bytes out = frame_of(key, payload, 0);
  const std::size_t network = network_at(key);
  if (key.dl_type == kIpv4 && source.chance(12)) make_fragment(source, out, network);
  if (key.dl_type == kIpv6 && source.chance(20)) insert_extension(source, out, network);
  if (key.dl_type == kIpv4 && source.chance(4)) wrap_in_snap(source, out, network);
  if (source.chance(4))
    out.resize(source.below(out.size() + 1));
  else if (source.chance(50))
    out.resize(std::max(out.size(), kSmallestFrame));
  return out;
}

}  // namespace oftwin::harness

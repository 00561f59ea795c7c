// A frame is peeled from the outside: `rest` is what has not been looked at, and each header is taken off its front
// whole or not at all.
#include "model/packet.h"

#include "model/wire.h"

namespace oftwin::model {
namespace {

constexpr std::uint16_t kTypeVlan = 0x8100, kTypeIpv4 = 0x0800, kTypeArp = 0x0806, kTypeIpv6 = 0x86dd;
constexpr std::uint16_t kSmallestType = 0x0600, kNoType = 0x05ff;
constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmp = 1, kIcmpv6 = 58;
constexpr std::uint8_t kDscp = 0xfc;

std::uint16_t be16(ByteView bytes, std::size_t at) { return static_cast<std::uint16_t>(number(bytes, at, 2)); }
std::uint32_t be32(ByteView bytes, std::size_t at) { return static_cast<std::uint32_t>(number(bytes, at, 4)); }
Ipv6 address(ByteView bytes, std::size_t at) {
  Ipv6 a;
  for (std::size_t i = 0; i < 16; ++i) a[i] = bytes[at + i];
  return a;
}

std::uint16_t ethertype(ByteView& rest, Clauses& hit) {
  const std::uint16_t type = be16(rest, 0);
  rest = rest.subspan(2);
  if (type >= kSmallestType) return type;
  hit.set(clause("PKT-3"));
  const bool snap = rest.size() >= 8 && number(rest, 0, 6) == 0xaaaa03000000;
  if (!snap || be16(rest, 6) < kSmallestType) return kNoType;
  const std::uint16_t inner = be16(rest, 6);
  rest = rest.subspan(8);
  return inner;
}

bool whole_tcp(ByteView rest) {
  if (rest.size() < 20) return false;
  const std::size_t length = (rest[12] >> 4) * 4u;
  return length >= 20 && length <= rest.size();
}
bool whole_udp(ByteView rest) { return rest.size() >= 8; }

bool ports(ByteView rest, FlowKey& key) {
  const bool whole = (key.nw_proto == kTcp && whole_tcp(rest)) || (key.nw_proto == kUdp && whole_udp(rest));
  if (!whole) return false;
  key.tp_src = be16(rest, 0);
  key.tp_dst = be16(rest, 2);
  return true;
}

void ipv4(ByteView frame, ByteView rest, Headers& h, Clauses& hit) {
  hit.set(clause("PKT-4"));
  if (rest.size() < 20) return;
  const std::size_t length = (rest[0] & 0x0f) * 4u;
  if (length < 20 || length > rest.size()) return;
  h.ipv4 = frame.size() - rest.size();
  h.key.nw_tos = rest[1] & kDscp;
  h.key.nw_proto = rest[9];
  h.key.nw_src = be32(rest, 12);
  h.key.nw_dst = be32(rest, 16);
  h.ipv4_fragment = (be16(rest, 6) & 0x3fff) != 0;
  h.ports_missing = h.key.nw_proto == kTcp || h.key.nw_proto == kUdp || h.key.nw_proto == kIcmp;
  if (h.ipv4_fragment) {
    hit.set(clause("PKT-5"));
    return;
  }
  hit.set(clause("PKT-6"));
  rest = rest.subspan(length);
  if (ports(rest, h.key)) {
    h.transport = frame.size() - rest.size();
    h.ports_missing = false;
  } else if (h.key.nw_proto == kIcmp && rest.size() >= 4) {
    h.ports_missing = false;
    h.key.tp_src = rest[0];
    h.key.tp_dst = rest[1];
  }
}

void arp(ByteView rest, Headers& h, Clauses& hit) {
  hit.set(clause("PKT-7"));
  if (rest.size() < 28 || number(rest, 0, 6) != 0x000108000604) return;
  FlowKey& key = h.key;
  const std::uint16_t opcode = be16(rest, 6);
  h.whole_arp = Headers::Arp{static_cast<std::uint8_t>(opcode), be32(rest, 14), be32(rest, 24)};
  if (opcode > 0xff) return;
  key.nw_proto = static_cast<std::uint8_t>(opcode);
  if (opcode != 1 && opcode != 2) return;
  key.arp_sha = number(rest, 8, 6);
  key.nw_src = be32(rest, 14);
  key.arp_tha = number(rest, 18, 6);
  key.nw_dst = be32(rest, 24);
}

void neighbour_discovery(ByteView rest, FlowKey& key, Clauses& hit) {
  const std::uint8_t type = rest[0], code = rest[1];
  if ((type != 135 && type != 136) || code != 0 || rest.size() < 24) return;
  hit.set(clause("PKT-9"));
  key.nd_target = address(rest, 8);
  const auto clear = [&] {
    key.nd_target = {};
    key.arp_sha = key.arp_tha = 0;
  };
  rest = rest.subspan(24);
  while (rest.size() >= 8) {
    const std::size_t length = rest[1] * 8u;
    if (length == 0 || length > rest.size()) return;
    if ((rest[0] == 1 || rest[0] == 2) && length == 8) {
      std::uint64_t& link_address = rest[0] == 1 ? key.arp_sha : key.arp_tha;
      if (link_address != 0) return clear();
      link_address = number(rest, 2, 6);
    }
    rest = rest.subspan(length);
  }
}

// Takes extension headers off the front of `rest`. nullopt: one of them runs over the end.
struct Ipv6Payload {
  std::uint8_t protocol = 0;
  bool fragment = false;
};
std::optional<Ipv6Payload> ipv6_payload(std::uint8_t next, ByteView& rest) {
  Ipv6Payload p{next};
  for (;;) {
    const bool options = p.protocol == 0 || p.protocol == 43 || p.protocol == 60;
    const bool authentication = p.protocol == 51, fragment = p.protocol == 44;
    if (!options && !authentication && !fragment) return p;
    if (rest.size() < 8) return std::nullopt;
    const std::size_t length = options ? (rest[1] + 1u) * 8 : authentication ? (rest[1] + 2u) * 4 : 8;
    if (length > rest.size()) return std::nullopt;
    if (fragment) {
      const std::uint16_t offset_and_flags = be16(rest, 2);
      p.fragment = p.fragment || (offset_and_flags & 0xfff9) != 0;
      if ((offset_and_flags & 0xfff8) != 0) return p;
    }
    p.protocol = rest[0];
    rest = rest.subspan(length);
  }
}

void ipv6(ByteView rest, FlowKey& key, Clauses& hit) {
  hit.set(clause("PKT-8"));
  if (rest.size() < 40) return;
  const std::size_t length = be16(rest, 4);
  if (length > rest.size() - 40) return;
  key.ipv6_src = address(rest, 8);
  key.ipv6_dst = address(rest, 24);
  const std::uint8_t tos = static_cast<std::uint8_t>(be16(rest, 0) >> 4) & kDscp;
  const std::uint8_t next = rest[6];
  rest = rest.subspan(40, length);
  const std::optional<Ipv6Payload> payload = ipv6_payload(next, rest);
  if (!payload) return;
  key.nw_tos = tos;
  key.nw_proto = payload->protocol;
  if (payload->fragment || ports(rest, key)) return;
  if (key.nw_proto == kIcmpv6 && rest.size() >= 8) {
    key.tp_src = rest[0];
    key.tp_dst = rest[1];
    neighbour_discovery(rest, key, hit);
  }
}

}  // namespace

Headers parse(ByteView frame, std::uint16_t in_port, Clauses& hit) {
  Headers h;
  h.key.in_port = in_port;
  hit.set(clause("PKT-1"));
  if (frame.size() < kEthernetHeader) return h;
  h.key.dl_dst = number(frame, 0, 6);
  h.key.dl_src = number(frame, 6, 6);
  ByteView rest = frame.subspan(12);
  if (be16(rest, 0) == kTypeVlan && rest.size() >= 6) {
    hit.set(clause("PKT-2"));
    h.key.vlan_tci = static_cast<std::uint16_t>((be16(rest, 2) & 0xefff) | 0x1000);
    rest = rest.subspan(4);
  }
  h.key.dl_type = ethertype(rest, hit);
  if (h.key.dl_type == kTypeIpv4) ipv4(frame, rest, h, hit);
  if (h.key.dl_type == kTypeArp) arp(rest, h, hit);
  if (h.key.dl_type == kTypeIpv6) ipv6(rest, h.key, hit);
  return h;
}

FlowKey extract(ByteView frame, std::uint16_t in_port) {
  Clauses unused;
  return parse(frame, in_port, unused).key;
}

}  // namespace oftwin::model

#include "harness/generate_frame.h"

#include <algorithm>

#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

std::uint32_t sum16(ByteView bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Bytes transport(Source& source, std::uint8_t protocol) {
  Bytes out;
  if (protocol == 1) {  // ICMP: type, code
    put<std::uint8_t>(out, static_cast<std::uint8_t>(source.pick(universe::tp_ports)));
    put<std::uint8_t>(out, 0);
    put_zeros(out, 6);
    set_u16(out, 2, folded(sum16(out)));
    return out;
  }
  if (protocol != 6 && protocol != 17) return Bytes(source.below(12), 0xab);
  put(out, source.pick(universe::tp_ports));
  put(out, source.pick(universe::tp_ports));
  if (protocol == 17) {
    put<std::uint16_t>(out, 12);
    put_zeros(out, 6);
  } else {
    put_zeros(out, 8);
    put<std::uint16_t>(out, 0x5002);
    put_zeros(out, 6);
  }
  return out;
}

// Fills in the TCP or UDP checksum of `segment`.
void finish_transport(Bytes& segment, std::uint8_t protocol, ByteView addresses) {
  if (protocol != 6 && protocol != 17) return;
  const std::uint32_t pseudo = sum16(addresses, protocol + static_cast<std::uint32_t>(segment.size()));
  const std::uint16_t checksum = folded(sum16(segment, pseudo));
  set_u16(segment, protocol == 6 ? 16 : 6, checksum == 0 && protocol == 17 ? 0xffff : checksum);
}

void put_ipv4(Bytes& out, Source& source) {
  const std::uint8_t protocol = source.pick(universe::protocols);
  Bytes segment = transport(source, protocol);
  Bytes ip = {0x45, source.pick(universe::toses)};
  put(ip, static_cast<std::uint16_t>(20 + segment.size()));
  put<std::uint16_t>(ip, 1);
  // Seldom a later fragment, or one that another follows.
  put<std::uint16_t>(ip, source.chance(8) ? static_cast<std::uint16_t>(source.chance(50) ? 0x2000 : 0x0005) : 0x4000);
  put<std::uint8_t>(ip, 64);
  put(ip, protocol);
  put<std::uint16_t>(ip, 0);
  put(ip, source.pick(universe::addresses));
  put(ip, source.pick(universe::addresses));
  finish_transport(segment, protocol, ByteView(ip).subspan(12, 8));
  set_u16(ip, 10, folded(sum16(ip)));
  put_bytes(out, ip);
  put_bytes(out, segment);
}

void put_arp(Bytes& out, Source& source) {
  put<std::uint64_t>(out, 0x0001080006040000u | (1 + source.below(2)));
  for (int side = 0; side < 2; ++side) {
    put_bytes(out, source.pick(universe::macs));
    put(out, source.pick(universe::addresses));
  }
}

// A neighbour solicitation or advertisement with one link-layer address.
Bytes neighbour_discovery(Source& source) {
  const bool solicitation = source.chance(50);
  Bytes out = {static_cast<std::uint8_t>(solicitation ? 135 : 136), 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80};
  put_zeros(out, 13);
  put<std::uint8_t>(out, static_cast<std::uint8_t>(source.between(1, 2)));
  put<std::uint8_t>(out, solicitation ? 1 : 2);
  put<std::uint8_t>(out, source.chance(90) ? 1 : 0);
  put_bytes(out, source.pick(universe::macs));
  return out;
}

void put_ipv6(Bytes& out, Source& source) {
  const std::uint8_t next = source.pick(universe::ipv6_next);
  Bytes payload;
  std::uint8_t first = next;
  if (source.chance(20)) {  // a hop-by-hop header, or a fragment's
    first = source.chance(50) ? 0 : 44;
    payload = {next, 0, 0, static_cast<std::uint8_t>(source.below(2) * 8), 0, 0, 0, 0};
  }
  put_bytes(payload, next == 58 ? neighbour_discovery(source) : transport(source, next));
  put<std::uint32_t>(out, 0x60000000);
  put(out, static_cast<std::uint16_t>(payload.size()));
  put(out, first);
  put<std::uint8_t>(out, 255);
  for (int side = 0; side < 2; ++side) {
    put<std::uint16_t>(out, 0xfe80);
    put_zeros(out, 13);
    put<std::uint8_t>(out, static_cast<std::uint8_t>(source.between(1, 2)));
  }
  put_bytes(out, payload);
}

// 802.3 with LLC and SNAP, around IPv4 or around something else.
void put_snap(Bytes& out, Source& source) {
  Bytes payload = {0xaa, 0xaa, 3, 0, 0, static_cast<std::uint8_t>(source.below(2)), 8, 0};
  put_ipv4(payload, source);
  put(out, static_cast<std::uint16_t>(payload.size()));
  put_bytes(out, payload);
}

}  // namespace

Bytes draw_frame(Source& source) {
  Bytes out;
  put_bytes(out, source.pick(universe::macs));
  put_bytes(out, source.pick(universe::macs));
  if (source.chance(25)) {
    put<std::uint16_t>(out, 0x8100);
    const unsigned pcp = source.pick(universe::pcps);
    put(out, static_cast<std::uint16_t>(pcp << 13 | source.pick(universe::vids)));
  }
  const bool rare = source.chance(10);
  const std::uint16_t dl_type = rare ? std::uint16_t{0x86dd} : source.pick(universe::dl_types);
  if (rare && source.chance(40)) {
    put_snap(out, source);
    return out;
  }
  put(out, dl_type);
  if (dl_type == 0x86dd) put_ipv6(out, source);
  if (dl_type == 0x0800) put_ipv4(out, source);
  if (dl_type == 0x0806) put_arp(out, source);
  if (source.chance(4)) {
    out.resize(source.below(out.size() + 1));
  } else {
    out.resize(std::max<std::size_t>(out.size(), 60 * source.below(2)));
  }
  return out;
}

}  // namespace oftwin::harness

// The model's own reading, with a few things put in its way. Invariant: with no label in force it is the law.
#include "harness/packets_reading.h"

#include <algorithm>

namespace oftwin::harness {
namespace {

using enum PacketLabel;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58, kSctp = 132;

std::uint16_t be16(ByteView b, std::size_t at) { return static_cast<std::uint16_t>(b[at] << 8 | b[at + 1]); }
std::uint32_t be32(ByteView b, std::size_t at) { return std::uint32_t{be16(b, at)} << 16 | be16(b, at + 2); }

std::uint64_t mac(ByteView b, std::size_t at) { return std::uint64_t{be16(b, at)} << 32 | be32(b, at + 2); }

// Where what follows the Ethernet header, tag and SNAP header begins.
std::size_t network_offset(ByteView frame) {
  std::size_t at = 12;
  if (be16(frame, at) == 0x8100 && frame.size() >= 18) at += 4;
  const bool snap = be16(frame, at) < 0x0600;
  return at + 2 + (snap ? 8 : 0);
}

bool whole_tcp(ByteView segment) {
  if (segment.size() < 20) return false;
  const std::size_t length = (segment[12] >> 4) * 4u;
  return length >= 20 && length <= segment.size();
}

}  // namespace

FrameReading::FrameReading(std::uint16_t in_port, ByteView arrived, PacketLabels in_force)
    : frame(arrived.begin(), arrived.end()), in_force_(in_force) {
  whole = frame.size() >= model::kEthernetHeader;
  dot1ad = frame.size() >= 18 && be16(frame, 12) == 0x88a8 && on(dot1ad_tag);
  if (dot1ad) frame[12] = 0x81, frame[13] = 0x00;
  model::Clauses unused;
  const model::Headers h = model::parse(frame, in_port, unused);
  key = h.key;
  ipv4 = h.ipv4;
  transport = h.transport;
  if (ipv4) read_ipv4(h.ipv4_fragment);
  if (key.dl_type == 0x0806) read_arp();
  if (key.dl_type == 0x86dd) read_ipv6();
}

void FrameReading::set_ports(std::uint16_t src, std::uint16_t dst) {
  key.tp_src = src;
  key.tp_dst = dst;
}
void FrameReading::open(std::vector<OpenBytes>& list, std::size_t at, std::size_t size) const {
  list.push_back({frame.size() - at, size});
}

void FrameReading::read_ipv4(bool fragment) {
  const std::size_t header = (frame[*ipv4] & 0x0f) * 4u, present = frame.size() - *ipv4;
  const std::size_t total = be16(frame, *ipv4 + 2);
  const bool bad_total = total < header || total > present;
  if (bad_total && on(ipv4_total_length)) {
    key.nw_src = key.nw_dst = key.tp_src = key.tp_dst = 0;
    key.nw_tos = key.nw_proto = 0;
    ipv4 = transport = std::nullopt;
    return;
  }
  const ByteView all = ByteView(frame).subspan(*ipv4 + header);
  const ByteView inside = bad_total ? all : all.first(total - header);
  if (fragment && on(fragment_transport)) read_fragment(inside, (be16(frame, *ipv4 + 6) & 0x1fff) != 0);
  if (!fragment) read_transport(all, on(ipv4_padding) ? inside : all);
  if (key.nw_proto == 0 && on(ipv4_protocol_zero)) ipv4 = std::nullopt;
}

void FrameReading::read_fragment(ByteView segment, bool later) {
  ports_hidden = true;
  const std::size_t at = static_cast<std::size_t>(segment.data() - frame.data());
  const std::uint8_t protocol = key.nw_proto;
  const bool checksummed = (protocol == kTcp && segment.size() >= 20) || (protocol == kUdp && segment.size() >= 8);
  const bool numbered = protocol == kIcmp && segment.size() >= 8;
  if (numbered) open(open_to_ports, at, 4);
  ports_settable = !later;
  later_fragment = later;
  if (numbered && !later) set_ports(segment[0], segment[1]);
  if (!checksummed) return;
  transport = at;
  if (!later) set_ports(be16(segment, 0), be16(segment, 2));
}

// all: what is behind the IPv4 header; segment: as much of it as counts.
void FrameReading::read_transport(ByteView all, ByteView segment) {
  const std::size_t at = frame.size() - all.size();
  switch (key.nw_proto) {
    case kTcp:
      if (transport && !whole_tcp(segment)) drop_transport();
      if (!transport && segment.size() >= 20 && on(tcp_data_offset)) {
        transport = at;
        ports_settable = false;
      }
      return;
    case kUdp:
      if (transport && segment.size() < 8) drop_transport();
      return;
    case kIcmp:
      if ((all.size() >= 8 || on(short_icmp)) && segment.size() < 8) drop_transport();
      if (segment.size() >= 8 && on(icmp_rewrite)) open(open_to_ports, at, 4);
      return;
    case kSctp:
      if (segment.size() < 12 || !on(sctp_ports)) return;
      set_ports(be16(segment, 0), be16(segment, 2));
      open(open_to_ports, at, 4);
      open(open_to_ports, at + 8, 4);
      return;
    default:
      return;
  }
}
void FrameReading::drop_transport() {
  set_ports(0, 0);
  transport = std::nullopt;
}

void FrameReading::read_arp() {
  network = network_offset(frame);
  const ByteView arp = ByteView(frame).subspan(*network);
  constexpr std::array<std::uint8_t, 6> for_ipv4 = {0, 1, 8, 0, 6, 4};
  if (arp.size() < 28 || !std::equal(for_ipv4.begin(), for_ipv4.end(), arp.begin())) {
    open(open_to_network, *network, std::min<std::size_t>(arp.size(), 28));
    return;
  }
  const std::uint16_t opcode = be16(arp, 6);
  if (opcode == 1 || opcode == 2 || !on(arp_opcode)) return;
  key.arp_sha = mac(arp, 8);
  key.nw_src = be32(arp, 14);
  key.arp_tha = mac(arp, 18);
  key.nw_dst = be32(arp, 24);
}

void FrameReading::read_ipv6() {
  const std::size_t start = network_offset(frame);
  if (key.ipv6_src == Ipv6{} && key.ipv6_dst == Ipv6{}) return;  // no whole header
  network = start;
  ByteView rest = ByteView(frame).subspan(start + 40, be16(frame, start + 4));
  std::uint8_t next = frame[start + 6];
  bool first_fragment = false;
  while (rest.size() >= 8 && (next == 0 || next == 43 || next == 60 || next == 51 || next == 44)) {
    const std::size_t length = next == 44 ? 8 : next == 51 ? (rest[1] + 2u) * 4 : (rest[1] + 1u) * 8;
    first_fragment = first_fragment || (next == 44 && be16(rest, 2) != 0);
    next = rest[0];
    rest = rest.subspan(std::min(length, rest.size()));
  }
  const std::size_t at = static_cast<std::size_t>(rest.data() - frame.data());
  const bool sctp = key.nw_proto == kSctp && rest.size() >= 12;
  if (sctp && on(ipv6_in_openflow10_match)) set_ports(be16(rest, 0), be16(rest, 2));
  if (first_fragment && on(fragment_transport)) {
    const bool tcp = key.nw_proto == kTcp && whole_tcp(rest), udp = key.nw_proto == kUdp && rest.size() >= 8;
    ports_hidden = true;
    if (tcp || udp) set_ports(be16(rest, 0), be16(rest, 2));
    if (key.nw_proto == kIcmpv6 && rest.size() >= 8) set_ports(rest[0], rest[1]);
  }
  if (!on(ipv6_rewrite)) return;
  open(open_to_tos, start, 2);
  if (rest.size() < 8) return;
  open(open_to_ports, at, 4);
  if (key.nw_proto == kTcp && rest.size() >= 20) open(open_to_ports, at + 16, 2);
  if (key.nw_proto == kUdp) open(open_to_ports, at + 6, 2);
  if (sctp) open(open_to_ports, at + 8, 4);
}

bool equal_but_open(ByteView predicted, ByteView recorded, const std::vector<OpenBytes>& open) {
  if (predicted.size() != recorded.size()) return false;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const std::size_t from_end = predicted.size() - i;
    const bool is_open = std::ranges::any_of(
        open, [&](const OpenBytes& o) { return from_end <= o.from_end && from_end > o.from_end - o.size; });
    if (predicted[i] != recorded[i] && !is_open) return false;
  }
  return true;
}

}  // namespace oftwin::harness

#include "harness/capture_segment.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>

#include "harness/wire_io.h"

#ifndef DLT_LINUX_SLL2
#define DLT_LINUX_SLL2 276
#endif

namespace oftwin::harness {

namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8, kOldServiceVlan = 0x9100;
constexpr std::uint8_t kTcp = 6;

// An IP packet, whatever link it came over; other protocols have type 0.
struct Datagram {
  std::uint16_t type = 0;
  ByteView bytes;
};

std::uint16_t ip_type(ByteView bytes) {
  if (bytes.empty()) return 0;
  return bytes[0] >> 4 == 4 ? kIpv4 : bytes[0] >> 4 == 6 ? kIpv6 : std::uint16_t{0};
}

Datagram behind_ethertype(Reader r, std::uint16_t type) {
  while ((type == kVlan || type == kServiceVlan || type == kOldServiceVlan) && r.left() >= 4) {
    r.take(2);
    type = r.get<std::uint16_t>();
  }
  return {type, r.rest()};
}

Datagram link_payload(int link_type, ByteView packet) {
  Reader r(packet);
  switch (link_type) {
    case DLT_EN10MB: {
      r.take(12);
      auto type = r.get<std::uint16_t>();
      return behind_ethertype(r, type);
    }
    case DLT_LINUX_SLL: {
      r.take(14);
      auto type = r.get<std::uint16_t>();
      return behind_ethertype(r, type);
    }
    case DLT_LINUX_SLL2: {
      auto type = r.get<std::uint16_t>();
      r.take(18);
      return behind_ethertype(r, type);
    }
    case DLT_NULL:
    case DLT_LOOP:  // an address family, in one byte order or the other; the IP version says the same
      r.take(4);
      break;
    default:
      break;  // raw IP
  }
  ByteView rest = r.rest();
  return {ip_type(rest), rest};
}

std::string address_text(int family, ByteView bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "?";
}

struct IpPayload {
  std::string from, to;
  ByteView bytes;         // captured
  std::size_t size = 0;   // as the IP header has it
  bool fragment = false;  // more belongs to it, in other packets
};

std::optional<IpPayload> ipv4_payload(ByteView ip) {
  if (ip.size() < 20) return std::nullopt;
  const std::size_t header = (ip[0] & 0x0f) * std::size_t{4};
  std::size_t total = static_cast<std::size_t>(ip[2]) << 8 | ip[3];
  if (total == 0) total = ip.size();  // segmentation offload
  if (ip[9] != kTcp || header < 20 || ip.size() < header || total < header) return std::nullopt;
  const bool later = ((ip[6] & 0x1f) | ip[7]) != 0, more = (ip[6] & 0x20) != 0;
  if (later) return std::nullopt;  // has no ports
  ByteView rest = ip.subspan(header);
  return IpPayload{address_text(AF_INET, ip.subspan(12, 4)), address_text(AF_INET, ip.subspan(16, 4)),
                   rest.first(std::min(rest.size(), total - header)), total - header, more};
}

std::optional<IpPayload> ipv6_payload(ByteView ip) {
  if (ip.size() < 40) return std::nullopt;
  std::size_t size = static_cast<std::size_t>(ip[4]) << 8 | ip[5];
  if (size == 0) size = ip.size() - 40;
  std::uint8_t next = ip[6];
  ByteView rest = ip.subspan(40);
  rest = rest.first(std::min(rest.size(), size));
  bool fragment = false;
  while (next == 0 || next == 43 || next == 44 || next == 60) {  // hop-by-hop, routing, fragment, destination options
    if (rest.size() < 8) return std::nullopt;
    const std::size_t skip = next == 44 ? 8 : (std::size_t{rest[1]} + 1) * 8;
    if (next == 44) {
      if ((rest[2] | (rest[3] & 0xf8)) != 0) return std::nullopt;  // a later fragment, without ports
      fragment = (rest[3] & 1) != 0;
    }
    if (rest.size() < skip) return std::nullopt;
    next = rest[0];
    rest = rest.subspan(skip);
    size -= skip;
  }
  if (next != kTcp) return std::nullopt;
  return IpPayload{address_text(AF_INET6, ip.subspan(8, 16)), address_text(AF_INET6, ip.subspan(24, 16)), rest, size,
                   fragment};
}

}  // namespace

bool knows_link_type(int link_type) {
  switch (link_type) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      return true;
    default:
      return false;
  }
}

std::optional<TcpSegment> find_segment(int link_type, ByteView packet, std::size_t whole_length) {
  const Datagram datagram = link_payload(link_type, packet);
  std::optional<IpPayload> ip;
  if (datagram.type == kIpv4) ip = ipv4_payload(datagram.bytes);
  if (datagram.type == kIpv6) ip = ipv6_payload(datagram.bytes);
  if (!ip) return std::nullopt;

  constexpr std::size_t kPorts = 4, kShortest = 20;
  if (ip->bytes.size() < kPorts) return std::nullopt;
  TcpSegment out;
  Reader r(ip->bytes);
  out.from = {ip->from, r.get<std::uint16_t>()};
  out.to = {ip->to, r.get<std::uint16_t>()};
  const std::string part = packet.size() < whole_length
                               ? "captured in part only; capture again with a larger snapshot length"
                               : "a TCP segment that is shorter than its headers say";
  if (ip->bytes.size() < kShortest) {
    out.defect = part;
    return out;
  }
  const std::size_t header = (ip->bytes[12] >> 4) * std::size_t{4};
  if (header < kShortest) {
    out.defect = "a TCP header that is shorter than 20 bytes";
    return out;
  }
  out.sequence = r.get<std::uint32_t>();
  const std::uint8_t flags = ip->bytes[13];
  out.fin = flags & 0x01;
  out.syn = flags & 0x02;
  out.rst = flags & 0x04;
  out.ack = flags & 0x10;
  if (ip->bytes.size() < ip->size && ip->size > header) out.defect = part;
  if (ip->fragment) out.defect = "a fragmented IP packet, which is not put together here";
  if (ip->bytes.size() >= header) out.payload = ip->bytes.subspan(header);
  out.whole_size = std::max(ip->size, header) - header + (ip->fragment ? 1 : 0);
  return out;
}

}  // namespace oftwin::harness

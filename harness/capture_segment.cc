#include "harness/capture_segment.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>

#include <array>
#include <stdexcept>

#include "harness/wire_io.h"

#ifndef DLT_LINUX_SLL2
#define DLT_LINUX_SLL2 276
#endif

namespace oftwin::harness {

namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8;
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
  while ((type == kVlan || type == kServiceVlan) && r.left() >= 4) {
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
  ByteView bytes;        // captured
  std::size_t size = 0;  // as the IP header has it
};

std::optional<IpPayload> ipv4_payload(ByteView ip) {
  if (ip.size() < 20) return std::nullopt;
  const std::size_t header = (ip[0] & 0x0f) * std::size_t{4};
  std::size_t total = static_cast<std::size_t>(ip[2]) << 8 | ip[3];
  if (total == 0) total = ip.size();  // segmentation offload
  if (ip[9] != kTcp || header < 20 || ip.size() < header || total < header) return std::nullopt;
  if (((ip[6] & 0x3f) | ip[7]) != 0) throw std::runtime_error("a fragmented IP packet, which is not put together here");
  ByteView rest = ip.subspan(header);
  return IpPayload{address_text(AF_INET, ip.subspan(12, 4)), address_text(AF_INET, ip.subspan(16, 4)),
                   rest.first(std::min(rest.size(), total - header)), total - header};
}

std::optional<IpPayload> ipv6_payload(ByteView ip) {
  if (ip.size() < 40) return std::nullopt;
  std::size_t size = static_cast<std::size_t>(ip[4]) << 8 | ip[5];
  if (size == 0) size = ip.size() - 40;
  std::uint8_t next = ip[6];
  ByteView rest = ip.subspan(40);
  rest = rest.first(std::min(rest.size(), size));
  while (next == 0 || next == 43 || next == 60) {  // hop-by-hop, routing, destination options
    if (rest.size() < 8) return std::nullopt;
    const std::size_t skip = (std::size_t{rest[1]} + 1) * 8;
    if (rest.size() < skip) return std::nullopt;
    next = rest[0];
    rest = rest.subspan(skip);
    size -= skip;
  }
  if (next == 44) throw std::runtime_error("a fragmented IP packet, which is not put together here");
  if (next != kTcp) return std::nullopt;
  return IpPayload{address_text(AF_INET6, ip.subspan(8, 16)), address_text(AF_INET6, ip.subspan(24, 16)), rest, size};
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

  const bool cut = packet.size() < whole_length;
  const auto short_packet = [&]() {
    return std::runtime_error(cut ? "captured in part only; capture again with a larger snapshot length"
                                  : "a TCP segment that is shorter than its headers say");
  };
  if (ip->bytes.size() < 20) throw short_packet();
  const std::size_t header = (ip->bytes[12] >> 4) * std::size_t{4};
  if (header < 20) throw std::runtime_error("a TCP header that is shorter than 20 bytes");
  if (ip->bytes.size() < header || ip->bytes.size() < ip->size) throw short_packet();

  TcpSegment out;
  Reader r(ip->bytes);
  out.from = {ip->from, r.get<std::uint16_t>()};
  out.to = {ip->to, r.get<std::uint16_t>()};
  out.sequence = r.get<std::uint32_t>();
  const std::uint8_t flags = ip->bytes[13];
  out.fin = flags & 0x01;
  out.syn = flags & 0x02;
  out.rst = flags & 0x04;
  out.ack = flags & 0x10;
  out.payload = ip->bytes.subspan(header);
  return out;
}

}  // namespace oftwin::harness

// Parsing follows the switches of 2011: over IPv4, no length field is believed except the header length and the TCP
// data offset, so what Ethernet padded is read like payload.
#include "datapath-sim/packet.h"

#include <algorithm>
#include <array>
#include <optional>

#include "datapath-sim/wire.h"

namespace oftwin::sim {
namespace {

constexpr std::uint16_t kTypeVlan = 0x8100, kTypeIpv4 = 0x0800, kTypeArp = 0x0806, kTypeIpv6 = 0x86dd;
constexpr std::uint16_t kTypeMin = 0x0600, kTypeNone = 0x05ff;
constexpr std::uint16_t kTagPresent = 0x1000;
constexpr std::uint8_t kDscpMask = 0xfc;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;

// The part of the frame not looked at yet.
class Cursor {
 public:
  explicit Cursor(ByteView frame) : frame_(frame) {}

  std::size_t left() const { return frame_.size() - at_; }
  std::size_t at() const { return at_; }
  const std::uint8_t* here() const { return frame_.data() + at_; }
  bool skip(std::size_t n) {
    if (n > left()) return false;
    at_ += n;
    return true;
  }
  // What lies beyond the next `n` bytes is not part of it.
  void cut(std::size_t n) { frame_ = frame_.first(at_ + n); }

 private:
  ByteView frame_;
  std::size_t at_ = 0;
};

std::uint16_t ethertype(Cursor& c) {
  const std::uint16_t type = load16(c.here());
  c.skip(2);
  if (type >= kTypeMin) return type;
  constexpr std::array<std::uint8_t, 6> snap = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00};
  if (c.left() < snap.size() + 2 || !std::equal(snap.begin(), snap.end(), c.here())) return kTypeNone;
  const std::uint16_t inner = load16(c.here() + snap.size());
  if (inner < kTypeMin) return kTypeNone;
  c.skip(snap.size() + 2);
  return inner;
}

bool tcp_fits(const Cursor& c) {
  constexpr std::size_t fixed = 20;
  if (c.left() < fixed) return false;
  const std::size_t header = static_cast<std::size_t>(c.here()[12] >> 4) * 4;
  return header >= fixed && header <= c.left();
}

// TCP or UDP ports; says whether the header is there.
bool ports(FlowKey& key, const Cursor& c) {
  constexpr std::size_t udp_header = 8;
  const bool there = key.nw_proto == kTcp ? tcp_fits(c) : key.nw_proto == kUdp && c.left() >= udp_header;
  if (there) {
    key.tp_src = load16(c.here());
    key.tp_dst = load16(c.here() + 2);
  }
  return there;
}

bool icmp(FlowKey& key, const Cursor& c, std::size_t header) {
  if (c.left() < header) return false;
  key.tp_src = c.here()[0];
  key.tp_dst = c.here()[1];
  return true;
}

void ipv4(Packet& p, Cursor c) {
  constexpr std::size_t fixed = 20;
  if (c.left() < fixed) return;
  const std::uint8_t* ip = c.here();
  const std::size_t header = static_cast<std::size_t>(ip[0] & 0x0f) * 4;
  if (header < fixed || header > c.left()) return;
  p.l3 = c.at();
  p.key.nw_tos = ip[1] & kDscpMask;
  p.key.nw_proto = ip[9];
  p.key.nw_src = load32(ip + 12);
  p.key.nw_dst = load32(ip + 16);
  constexpr std::uint16_t more_or_offset = 0x3fff;
  p.fragment = (load16(ip + 6) & more_or_offset) != 0;
  if (p.fragment) return;
  c.skip(header);
  if (p.key.nw_proto == kIcmp) {
    icmp(p.key, c, 4);
  } else if (ports(p.key, c)) {
    p.l4 = c.at();
    p.transport = p.key.nw_proto == kTcp ? Packet::Transport::tcp : Packet::Transport::udp;
  }
}

// Ethernet over IPv4 only. Addresses are read from requests and replies; other opcodes give the opcode alone.
void arp(FlowKey& key, const Cursor& c) {
  constexpr std::size_t size = 28;
  constexpr std::array<std::uint8_t, 6> ethernet_ipv4 = {0, 1, 8, 0, 6, 4};
  if (c.left() < size) return;
  const std::uint8_t* a = c.here();
  if (!std::equal(ethernet_ipv4.begin(), ethernet_ipv4.end(), a)) return;
  const std::uint16_t opcode = load16(a + 6);
  if (opcode <= 0xff) key.nw_proto = static_cast<std::uint8_t>(opcode);
  if (opcode != 1 && opcode != 2) return;
  key.arp_sha = load48(a + 8);
  key.nw_src = load32(a + 14);
  key.arp_tha = load48(a + 18);
  key.nw_dst = load32(a + 24);
}

// Takes the link-layer address options, of either kind whatever the message. Two of a kind, and nothing of the message
// is believed.
void neighbor_options(FlowKey& key, Cursor c) {
  constexpr std::uint8_t source = 1, target = 2;
  while (c.left() >= 8) {
    const std::uint8_t kind = c.here()[0];
    const std::size_t length = static_cast<std::size_t>(c.here()[1]) * 8;
    if (length == 0 || length > c.left()) return;
    if ((kind == source || kind == target) && length == 8) {
      std::uint64_t& address = kind == source ? key.arp_sha : key.arp_tha;
      if (address != 0) {
        key.nd_target = {};
        key.arp_sha = key.arp_tha = 0;
        return;
      }
      address = load48(c.here() + 2);
    }
    c.skip(length);
  }
}

void icmpv6(FlowKey& key, Cursor c) {
  constexpr std::uint16_t solicitation = 135, advertisement = 136;
  if (!icmp(key, c, 8)) return;
  if (key.tp_dst != 0 || (key.tp_src != solicitation && key.tp_src != advertisement)) return;
  c.skip(8);
  const std::uint8_t* target = c.here();
  if (!c.skip(key.nd_target.size())) return;
  std::copy_n(target, key.nd_target.size(), key.nd_target.begin());
  neighbor_options(key, c);
}

// What the chain of extension headers leads to.
struct Upper {
  std::uint8_t protocol = 0;
  bool fragment = false;
};

// nullopt if a header runs over the end of the packet.
std::optional<Upper> upper(Cursor& c, std::uint8_t next) {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, destination = 60;
  Upper u;
  for (;;) {
    if (next != hop_by_hop && next != routing && next != fragment && next != authentication && next != destination) {
      u.protocol = next;
      return u;
    }
    if (c.left() < 8) return std::nullopt;
    const std::uint8_t* h = c.here();
    std::size_t length = (std::size_t{h[1]} + 1) * 8;
    if (next == authentication) length = (std::size_t{h[1]} + 2) * 4;
    if (next == fragment) {
      constexpr std::uint16_t offset_mask = 0xfff8, more = 1;
      const std::uint16_t field = load16(h + 2);
      u.fragment = u.fragment || (field & (offset_mask | more)) != 0;
      u.protocol = fragment;
      if ((field & offset_mask) != 0) return u;  // what follows is the middle of something
      length = 8;
    }
    next = h[0];
    if (!c.skip(length)) return std::nullopt;
  }
}

// Here the payload length is believed: too long, and there are no fields; short, and the rest is padding.
void ipv6(FlowKey& key, Cursor c) {
  constexpr std::size_t fixed = 40;
  if (c.left() < fixed) return;
  const std::uint8_t* ip = c.here();
  c.skip(fixed);
  const std::size_t payload = load16(ip + 4);
  if (payload > c.left()) return;
  c.cut(payload);
  std::copy_n(ip + 8, key.ipv6_src.size(), key.ipv6_src.begin());
  std::copy_n(ip + 24, key.ipv6_dst.size(), key.ipv6_dst.begin());
  const auto found = upper(c, ip[6]);
  if (!found) return;
  key.nw_tos = static_cast<std::uint8_t>(load16(ip) >> 4) & kDscpMask;
  key.nw_proto = found->protocol;
  if (found->fragment) return;
  if (key.nw_proto == kIcmpv6) {
    icmpv6(key, c);
  } else {
    ports(key, c);
  }
}

}  // namespace

Packet parse(ByteView frame, std::uint16_t in_port) {
  Packet p;
  p.key.in_port = in_port;
  if (frame.size() < kEthernetHeader) return p;
  Cursor c(frame);
  p.key.dl_dst = load48(c.here());
  p.key.dl_src = load48(c.here() + 6);
  c.skip(12);
  // A tag needs a type behind it; without one, the frame is an untagged frame of type 0x8100.
  if (load16(c.here()) == kTypeVlan && c.left() >= 6) {
    p.key.vlan_tci = load16(c.here() + 2) | kTagPresent;
    c.skip(4);
  }
  p.key.dl_type = ethertype(c);
  switch (p.key.dl_type) {
    case kTypeIpv4:
      ipv4(p, c);
      break;
    case kTypeArp:
      arp(p.key, c);
      break;
    case kTypeIpv6:
      ipv6(p.key, c);
      break;
    default:
      break;
  }
  return p;
}

}  // namespace oftwin::sim

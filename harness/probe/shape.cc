#include "harness/probe/shape.h"

#include <algorithm>
#include <initializer_list>

namespace oftwin::probe {
namespace {

constexpr std::uint64_t kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd, kNoType = 0x05ff;
constexpr std::uint64_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;

// Of one field, and no other.
Cube only(std::string_view field, std::uint64_t value, std::uint64_t bits = ~std::uint64_t{0}) {
  Cube out;
  require(out, field, value, bits);
  return out;
}

void zero(Cube& cube, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Field& f = fields()[field_named(name)];
    for (std::size_t p = 0; p < f.n_parts; ++p) cube.mask[f.parts[p].word] |= f.parts[p].mask();
  }
}

Shape start() {
  Shape s;
  zero(s.cube, {"tun_id", "reg0", "reg1", "reg2", "reg3"});
  // Addresses of single stations, administered locally.
  for (const std::string_view mac : {"dl_src", "dl_dst"}) {
    s.preferred.push_back(only(mac, 0x020000000000, 0xff0000000000));
  }
  return s;
}

void no_ipv6(Cube& cube) { zero(cube, {"ipv6_src", "ipv6_dst", "nd_target", "arp_sha", "arp_tha"}); }

Shape other_type() {
  Shape s = start();
  no_ipv6(s.cube);
  zero(s.cube, {"nw_src", "nw_dst", "nw_tos", "nw_proto", "tp_src", "tp_dst"});
  return s;
}

Shape ipv4() {
  Shape s = start();
  require(s.cube, "dl_type", kIpv4);
  require(s.cube, "nw_tos", 0, 3);
  no_ipv6(s.cube);
  return s;
}

Shape ipv6() {
  Shape s = start();
  require(s.cube, "dl_type", kIpv6);
  require(s.cube, "nw_tos", 0, 3);
  zero(s.cube, {"nw_src", "nw_dst"});
  return s;
}

Shape ports(Shape s, std::uint64_t protocol) {
  require(s.cube, "nw_proto", protocol);
  no_ipv6(s.cube);
  return s;
}
Shape ipv6_ports(std::uint64_t protocol) {
  Shape s = ipv6();
  require(s.cube, "nw_proto", protocol);
  zero(s.cube, {"nd_target", "arp_sha", "arp_tha"});
  return s;
}

Shape icmp(Shape s, std::uint64_t protocol) {
  require(s.cube, "nw_proto", protocol);
  require(s.cube, "tp_src", 0, 0xff00);
  require(s.cube, "tp_dst", 0, 0xff00);
  return s;
}

Shape other_protocol(Shape s, std::initializer_list<std::uint64_t> known) {
  zero(s.cube, {"tp_src", "tp_dst", "nd_target", "arp_sha", "arp_tha"});
  for (const std::uint64_t protocol : known) s.without.push_back(only("nw_proto", protocol));
  s.preferred.push_back(only("nw_proto", 253));  // for experiments
  return s;
}

Shape neighbour_discovery(std::uint64_t type) {
  Shape s = icmp(ipv6(), kIcmpv6);
  require(s.cube, "tp_src", type);
  require(s.cube, "tp_dst", 0);
  return s;
}

Shape other_icmpv6() {
  Shape s = icmp(ipv6(), kIcmpv6);
  zero(s.cube, {"nd_target", "arp_sha", "arp_tha"});
  for (const std::uint64_t type : {135, 136}) {
    Cube discovery = only("tp_src", type);
    require(discovery, "tp_dst", 0);
    s.without.push_back(discovery);
  }
  s.preferred.push_back(only("tp_src", 128));  // an echo request
  return s;
}

// Addresses, and an extension header that passes the end.
Shape ipv6_cut() {
  Shape s = ipv6();
  zero(s.cube, {"nw_tos", "nw_proto", "tp_src", "tp_dst", "nd_target", "arp_sha", "arp_tha"});
  return s;
}

Shape arp(std::uint64_t opcode) {
  Shape s = start();
  require(s.cube, "dl_type", kArp);
  require(s.cube, "nw_proto", opcode);
  zero(s.cube, {"nw_tos", "tp_src", "tp_dst", "ipv6_src", "ipv6_dst", "nd_target"});
  return s;
}

Shape other_arp() {
  Shape s = start();
  require(s.cube, "dl_type", kArp);
  no_ipv6(s.cube);
  zero(s.cube, {"nw_src", "nw_dst", "nw_tos", "tp_src", "tp_dst"});
  s.without = {only("nw_proto", 1), only("nw_proto", 2)};
  return s;
}

Shape any_other_type() {
  Shape s = other_type();
  s.without = {only("dl_type", kIpv4), only("dl_type", kArp), only("dl_type", kIpv6), only("dl_type", 0, 0xfc00),
               only("dl_type", 0x0400, 0xfe00)};   // below 0x0600: a length
  s.preferred.push_back(only("dl_type", 0x88b5));  // for experiments
  return s;
}

Shape no_type() {
  Shape s = other_type();
  require(s.cube, "dl_type", kNoType);
  return s;
}

std::vector<Shape> make_shapes() {
  const std::vector<Shape> untagged = {
      ports(ipv4(), kUdp), ports(ipv4(), kTcp), other_protocol(ipv4(), {kIcmp, kTcp, kUdp}), icmp(ipv4(), kIcmp),
      any_other_type(), arp(1), arp(2), ipv6_ports(kUdp), ipv6_ports(kTcp), other_icmpv6(), neighbour_discovery(135),
      neighbour_discovery(136),
      // Extension headers are no protocols; 44 stays, where a later fragment's protocol is not known.
      other_protocol(ipv6(), {0, 43, 51, 60, kTcp, kUdp, kIcmpv6}), ipv6_cut(), other_arp(), no_type()};
  std::vector<Shape> out;
  for (const std::uint64_t tag : {0x0000u, 0x1000u}) {
    for (Shape s : untagged) {
      require(s.cube, "vlan_tci", tag, tag == 0 ? 0xffff : 0x1000);
      out.push_back(std::move(s));
    }
  }
  return out;
}

}  // namespace

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = make_shapes();
  return all;
}

bool some_frame_has(const FlowKey& key) {
  const Cube packet = cube_of(key);
  return std::any_of(shapes().begin(), shapes().end(), [&](const Shape& s) {
    return covers(s.cube, packet) &&
           std::none_of(s.without.begin(), s.without.end(), [&](const Cube& w) { return covers(w, packet); });
  });
}

}  // namespace oftwin::probe

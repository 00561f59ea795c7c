// Nicira's actions first draw what is right, and then, now and then, damage one byte of it.
#include "harness/generate_action.h"

#include <array>

#include "harness/generate_frame.h"
#include "harness/nicira_action_syntax.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

Bytes openflow_action(Source& s, const std::vector<std::uint16_t>& ports) {
  using namespace action;
  constexpr std::array<std::uint16_t, 12> special = {
      OFPP_IN_PORT, OFPP_TABLE, OFPP_NORMAL, OFPP_FLOOD,      OFPP_ALL, OFPP_CONTROLLER,
      OFPP_LOCAL,   OFPP_NONE,  0,           OFPP_CONTROLLER, 0xff01,   OFPP_FLOOD};
  switch (s.below(16)) {
    case 0:
      return set_vlan_vid(s.chance(80) ? s.pick(universe::vids) : static_cast<std::uint16_t>(s.below(0x10000)));
    case 1:
      return set_vlan_pcp(s.chance(80) ? s.pick(universe::pcps) : static_cast<std::uint8_t>(s.below(256)));
    case 2:
      return strip_vlan();
    case 3:
      return s.chance(50) ? set_dl_src(s.pick(universe::macs)) : set_dl_dst(s.pick(universe::macs));
    case 4:
      return set_nw_src(s.pick(universe::addresses));
    case 5:
      return set_nw_dst(s.pick(universe::addresses));
    case 6:
      return set_nw_tos(s.chance(80) ? s.pick(universe::toses) : static_cast<std::uint8_t>(s.below(256)));
    case 7:
      return s.chance(50) ? set_tp_src(s.pick(universe::tp_ports)) : set_tp_dst(s.pick(universe::tp_ports));
    case 8: {
      const std::uint16_t port = s.pick(ports);
      return enqueue(port, static_cast<std::uint32_t>(s.below(2)));
    }
    case 9:
    case 10:
    case 11: {
      const std::uint16_t port = s.pick(special);
      return output(port, s.chance(50) ? 0 : static_cast<std::uint16_t>(s.between(1, 128)));
    }
    default:
      return output(s.pick(ports));
  }
}

// A field that a move can name, and which packets have it.
struct Named {
  std::uint32_t type;
  std::uint8_t size;
};
constexpr std::array<Named, 10> kEverywhere = {{{NXM_NX_REG0, 4},
                                                {NXM_NX_REG0 + 1, 4},
                                                {NXM_NX_REG0 + 2, 4},
                                                {NXM_NX_REG0 + 3, 4},
                                                {NXM_NX_REG0, 4},
                                                {NXM_NX_REG0 + 1, 4},
                                                {NXM_NX_TUN_ID, 8},
                                                {NXM_OF_VLAN_TCI, 2},
                                                {NXM_OF_ETH_DST, 6},
                                                {NXM_OF_ETH_SRC, 6}}};
// Those that need a protocol, or cannot be written.
constexpr std::array<Named, 22> kSomewhere = {
    {{NXM_OF_IN_PORT, 2},   {NXM_OF_ETH_TYPE, 2},    {NXM_OF_IP_TOS, 1},      {NXM_OF_IP_PROTO, 1},
     {NXM_OF_IP_SRC, 4},    {NXM_OF_IP_DST, 4},      {NXM_OF_TCP_SRC, 2},     {NXM_OF_TCP_DST, 2},
     {NXM_OF_UDP_SRC, 2},   {NXM_OF_UDP_DST, 2},     {NXM_OF_ICMP_TYPE, 1},   {NXM_OF_ICMP_CODE, 1},
     {NXM_OF_ARP_OP, 2},    {NXM_OF_ARP_SPA, 4},     {NXM_NX_ARP_SHA, 6},     {NXM_NX_IPV6_SRC, 16},
     {NXM_NX_IPV6_DST, 16}, {NXM_NX_ICMPV6_TYPE, 1}, {NXM_NX_ICMPV6_CODE, 1}, {NXM_NX_ND_TARGET, 16},
     {NXM_NX_ND_SLL, 6},    {NXM_NX_ND_TLL, 6}}};

FieldBits range_of(const Named& field, unsigned offset, unsigned bits) {
  return {field.type << 9 | field.size, static_cast<std::uint16_t>(offset), static_cast<std::uint16_t>(bits)};
}

Named draw_field(Source& s, unsigned somewhere_percent) {
  return s.chance(somewhere_percent) ? s.pick(kSomewhere) : s.pick(kEverywhere);
}

// A range of at most 64 bits, seldom one that passes the end of the field.
FieldBits draw_range(Source& s, const Named& field) {
  const unsigned width = 8u * field.size;
  if (s.chance(40) && width <= 64) return range_of(field, 0, width);
  constexpr std::array<unsigned, 5> counts = {1, 4, 8, 16, 32};
  const unsigned count = std::min(s.pick(counts), width);
  const unsigned slack = width - count + (s.chance(3) ? 1 : 0);
  return range_of(field, static_cast<unsigned>(s.below(slack + 1)), count);
}

// Values that matches of registers and tunnel ids speak about.
std::uint64_t draw_value(Source& s, unsigned bits) {
  const std::uint64_t value = s.chance(80) ? s.pick(universe::words) : s.below(1u << 16);
  return bits < 64 && s.chance(97) ? value & ((std::uint64_t{1} << bits) - 1) : value;
}

Bytes load(Source& s) {
  const Named field = draw_field(s, 12);
  const FieldBits to = draw_range(s, field);
  if (field.type == NXM_OF_VLAN_TCI && s.chance(70)) {
    return action::reg_load(range_of(field, 0, 16), 0x1000u | s.pick(universe::vids));
  }
  return action::reg_load(to, draw_value(s, to.bits));
}

Bytes move(Source& s) {
  const Named source = draw_field(s, 40), destination = draw_field(s, 5);
  FieldBits from = draw_range(s, source);
  FieldBits to = draw_range(s, destination);
  from.bits = to.bits = std::min(from.bits, to.bits);
  return action::reg_move(from, to);
}

Bytes resubmit(Source& s, const std::vector<std::uint16_t>& ports) {
  const std::uint16_t port = s.chance(85) ? s.pick(ports) : static_cast<std::uint16_t>(OFPP_IN_PORT);
  if (s.chance(50)) return action::resubmit(port);
  constexpr std::array<std::uint8_t, 6> tables = {0, 1, 1, 2, 3, 255};
  const std::uint8_t table = s.pick(tables);
  return action::resubmit_table(s.chance(50) ? port : static_cast<std::uint16_t>(OFPP_IN_PORT), table);
}

Bytes hashed(Source& s, const std::vector<std::uint16_t>& ports) {
  const auto fields = static_cast<std::uint16_t>(s.below(2)), basis = static_cast<std::uint16_t>(s.below(3));
  const auto algorithm = static_cast<std::uint16_t>(s.below(2));
  const std::uint16_t bits = s.chance(90) ? 16 : 15;
  const Named& field = s.pick(kEverywhere);
  const FieldBits to = range_of(field, static_cast<unsigned>(s.below(17)), bits);
  const std::uint16_t max_link = s.chance(50) ? 1 : 0xffff;
  const std::uint64_t kind = s.below(5);
  if (kind < 2) return action::multipath(fields, basis, static_cast<std::uint16_t>(kind + algorithm), max_link, 0, to);
  if (kind == 2) return action::autopath(s.chance(80) ? s.pick(ports) : 77u, to);
  std::vector<std::uint16_t> slaves;
  constexpr std::array<std::uint16_t, 6> odd = {OFPP_LOCAL, OFPP_IN_PORT, OFPP_TABLE, OFPP_FLOOD, OFPP_CONTROLLER, 77};
  for (std::uint64_t n = s.below(4); n > 0; --n) slaves.push_back(s.chance(80) ? s.pick(ports) : s.pick(odd));
  const bool stores = s.chance(50);
  return action::bundle(fields, basis, algorithm, stores ? &to : nullptr, slaves);
}

Bytes right_nicira_action(Source& s, const std::vector<std::uint16_t>& ports) {
  switch (s.below(16)) {
    case 0:
      return action::set_tunnel(static_cast<std::uint32_t>(s.pick(universe::words)));
    case 1:
      return action::set_tunnel64(s.pick(universe::tun_ids));
    case 2:
      return action::set_queue(s.chance(90) ? static_cast<std::uint32_t>(s.below(3)) : 0xf000);
    case 3:
      return s.chance(50) ? action::pop_queue() : action::note(Bytes(s.below(20), 0x2a));
    case 4:
    case 5:
    case 6:
    case 7:
      return load(s);
    case 8:
    case 9:
    case 10:
      return move(s);
    case 11:
      return hashed(s, ports);
    default:
      return resubmit(s, ports);
  }
}

Bytes nicira_action(Source& s, const std::vector<std::uint16_t>& ports) {
  Bytes out = right_nicira_action(s, ports);
  if (s.chance(3)) out[s.between(8, out.size() - 1)] ^= static_cast<std::uint8_t>(1u << s.below(8));
  return out;
}

}  // namespace

Bytes draw_actions(Source& s, const std::vector<std::uint16_t>& ports) {
  constexpr std::array<std::uint8_t, 5> lengths = {0, 1, 1, 2, 3};
  Bytes out;
  if (s.below(250) == 0) {  // so many that two flows, or not even one, do not fit into one reply
    constexpr std::array<unsigned, 5> counts = {4500, 4500, 8178, 8180, 8182};
    const Bytes one = action::output(s.pick(ports));
    for (unsigned n = s.pick(counts); n > 0; --n) put_bytes(out, one);
    return out;
  }
  const bool extended = s.chance(40);
  for (unsigned n = s.pick(lengths) + extended; n > 0; --n) {
    Bytes one = extended && s.chance(65) ? nicira_action(s, ports) : openflow_action(s, ports);
    if (s.below(250) == 0) {  // longer than such an action is
      put_zeros(one, 8);
      set_u16(one, 2, one.size());
    }
    put_bytes(out, one);
  }
  return out;
}

}  // namespace oftwin::harness

#include "harness/open_vswitch_3.h"

#include <algorithm>
#include <array>

#include "harness/wire_io.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::ovs3 {
namespace {

enum class Needs : std::uint8_t { nothing, arp, ipv4, ipv6, ip, tcp, udp, icmp4, icmp6, nd, solicit, advert };

struct Field {
  std::uint32_t type;
  std::uint8_t size;
  bool masks;
  Needs needs;
  bool writable;
  std::uint16_t zero_bits;  // of a value
};

constexpr std::array<Field, 40> kFields = {{
    {NXM_OF_IN_PORT, 2, false, Needs::nothing, true, 0},
    {NXM_OF_ETH_DST, 6, true, Needs::nothing, true, 0},
    {NXM_OF_ETH_SRC, 6, true, Needs::nothing, true, 0},
    {NXM_OF_ETH_TYPE, 2, false, Needs::nothing, false, 0},
    {NXM_OF_VLAN_TCI, 2, true, Needs::nothing, true, 0},
    {NXM_OF_IP_TOS, 1, false, Needs::ip, true, 0x03},
    {NXM_OF_IP_PROTO, 1, false, Needs::ip, false, 0},
    {NXM_OF_IP_SRC, 4, true, Needs::ipv4, true, 0},
    {NXM_OF_IP_DST, 4, true, Needs::ipv4, true, 0},
    {NXM_OF_TCP_SRC, 2, true, Needs::tcp, true, 0},
    {NXM_OF_TCP_DST, 2, true, Needs::tcp, true, 0},
    {NXM_OF_UDP_SRC, 2, true, Needs::udp, true, 0},
    {NXM_OF_UDP_DST, 2, true, Needs::udp, true, 0},
    {NXM_OF_ICMP_TYPE, 1, false, Needs::icmp4, true, 0},
    {NXM_OF_ICMP_CODE, 1, false, Needs::icmp4, true, 0},
    {NXM_OF_ARP_OP, 2, false, Needs::arp, true, 0xff00},
    {NXM_OF_ARP_SPA, 4, true, Needs::arp, true, 0},
    {NXM_OF_ARP_TPA, 4, true, Needs::arp, true, 0},
    {NXM_NX_TUN_ID, 8, true, Needs::nothing, true, 0},
    {NXM_NX_ARP_SHA, 6, true, Needs::arp, true, 0},
    {NXM_NX_ARP_THA, 6, true, Needs::arp, true, 0},
    {NXM_NX_IPV6_SRC, 16, true, Needs::ipv6, true, 0},
    {NXM_NX_IPV6_DST, 16, true, Needs::ipv6, true, 0},
    {NXM_NX_ICMPV6_TYPE, 1, false, Needs::icmp6, true, 0},
    {NXM_NX_ICMPV6_CODE, 1, false, Needs::icmp6, true, 0},
    {NXM_NX_ND_TARGET, 16, true, Needs::nd, true, 0},
    {NXM_NX_ND_SLL, 6, true, Needs::solicit, true, 0},
    {NXM_NX_ND_TLL, 6, true, Needs::advert, true, 0},
    // Registers 0 to 3; those behind them came later.
    {NXM_NX_REG0, 4, true, Needs::nothing, true, 0},
    {NXM_NX_REG0 + 1, 4, true, Needs::nothing, true, 0},
    {NXM_NX_REG0 + 2, 4, true, Needs::nothing, true, 0},
    {NXM_NX_REG0 + 3, 4, true, Needs::nothing, true, 0},
}};

const Field* field_of(std::uint32_t type) {
  const auto it =
      std::find_if(kFields.begin(), kFields.end(), [&](const Field& f) { return f.type == type && f.size; });
  return it == kFields.end() ? nullptr : &*it;
}

// Whether it knows the field all the same: registers and fields that came later, and those of OpenFlow 1.2 on.
bool is_newer(std::uint32_t type) {
  constexpr std::uint32_t ours = NXM_NX_REG0, last_register = 15, first_newer = 26, last_newer = 125, later = 0x8000;
  if (type >> 7 >= later) return true;
  const std::uint32_t number = type - ours;
  return type >= ours && (number <= last_register || (number >= first_newer && number <= last_newer));
}

bool met(Needs needs, const Layers& l) {
  const bool v4 = l.dl_type == 0x0800, v6 = l.dl_type == 0x86dd, ip = v4 || v6;
  const bool icmp6 = v6 && l.nw_proto == 58;
  switch (needs) {
    case Needs::nothing:
      return true;
    case Needs::arp:
      return l.dl_type == 0x0806 || l.dl_type == 0x8035;
    case Needs::ipv4:
      return v4;
    case Needs::ipv6:
      return v6;
    case Needs::ip:
      return ip;
    case Needs::tcp:
      return ip && l.nw_proto == 6 && !l.later_fragment;
    case Needs::udp:
      return ip && l.nw_proto == 17 && !l.later_fragment;
    case Needs::icmp4:
      return v4 && l.nw_proto == 1;
    case Needs::icmp6:
      return icmp6;
    case Needs::nd:
      return icmp6 && (l.tp_src == 135 || l.tp_src == 136);
    case Needs::solicit:
      return icmp6 && l.tp_src == 135;
    case Needs::advert:
      return icmp6 && l.tp_src == 136;
  }
  return false;
}

Check refuse(Error error) { return {Answer::refuses, error, false}; }
Check refuse_action(std::uint16_t code) { return refuse(openflow_error(OFPET_BAD_ACTION, code)); }
Check refuse_match(std::uint16_t code) { return refuse(nicira_error(OFPET_BAD_REQUEST, code)); }

bool all(ByteView bytes, std::uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t b) { return b == value; });
}

std::uint64_t number(ByteView bytes) {
  std::uint64_t n = 0;
  for (const std::uint8_t b : bytes) n = n << 8 | b;
  return n;
}

// Bits of a field that an action names. Known by its header: type, no mask, length.
struct Bits {
  std::uint32_t header = 0;
  std::uint32_t offset = 0, count = 0;
};

// Neither a mask nor another length than the field's.
bool named_right(const Bits& bits) {
  const Field* field = field_of(bits.header >> 9);
  return field && (bits.header & 0x100) == 0 && (bits.header & 0xff) == field->size;
}

Check check_bits(const Bits& bits, bool write, const Layers* layers) {
  const Field* field = field_of(bits.header >> 9);
  if (!field && is_newer(bits.header >> 9)) return {Answer::unknown, {}, false};
  if (!named_right(bits)) return refuse(kBadSetType);
  const std::uint32_t width = bits.header >> 9 == NXM_OF_IP_TOS ? 8u : 8u * field->size;
  if (bits.count == 0 || bits.offset >= width || bits.offset + bits.count > width) return refuse(kBadSetLen);
  if (layers && !met(field->needs, *layers)) return refuse(kMatchInconsistent);
  if (write && !field->writable) return refuse(kBadSetArgument);
  return {};
}

bool is_output(std::uint16_t port) { return port < OFPP_MAX || (port >= OFPP_IN_PORT && port < OFPP_NONE); }

class ActionCheck {
 public:
  ActionCheck(ByteView action, const Layers* layers) : a_(action), layers_(layers) {}

  // `layers` absent: as it is decoded; present: whether it fits the match.
  Check run() {
    const auto type = u16(0);
    return type == OFPAT_VENDOR ? nicira() : openflow(type);
  }

 private:
  std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(number(a_.subspan(at, 2))); }
  std::uint32_t u32(std::size_t at) const { return static_cast<std::uint32_t>(number(a_.subspan(at, 4))); }
  bool decoding() const { return layers_ == nullptr; }
  Bits packed(std::size_t range_at, std::size_t header_at) const {
    const std::uint32_t range = u16(range_at);
    return {u32(header_at), range >> 6, (range & 63) + 1};
  }

  Check openflow(std::uint16_t type) const {
    constexpr std::array<std::size_t, 12> lengths = {8, 8, 8, 8, 16, 16, 8, 8, 8, 8, 8, 16};
    if (type >= lengths.size()) return refuse_action(OFPBAC_BAD_TYPE);
    if (a_.size() != lengths[type]) return refuse_action(OFPBAC_BAD_LEN);
    if (type == OFPAT_OUTPUT && !is_output(u16(4))) return refuse_action(OFPBAC_BAD_OUT_PORT);
    if (type == OFPAT_ENQUEUE && u16(4) >= OFPP_MAX && u16(4) != OFPP_IN_PORT && u16(4) != OFPP_LOCAL) {
      return refuse_action(OFPBAC_BAD_OUT_PORT);
    }
    const bool wrong = (type == OFPAT_SET_VLAN_VID && u16(4) > 0xfff) || (type == OFPAT_SET_VLAN_PCP && a_[4] > 7) ||
                       (type == OFPAT_SET_NW_TOS && (a_[4] & 3) != 0);
    return wrong ? refuse_action(OFPBAC_BAD_ARGUMENT) : Check{};
  }

  Check nicira() const {
    if (u32(4) != NX_VENDOR_ID) return refuse_action(OFPBAC_BAD_VENDOR);
    const auto subtype = u16(8);
    constexpr std::array<std::uint8_t, 15> lengths = {0, 16, 16, 0, 16, 16, 24, 24, 0, 24, 32, 0, 32, 32, 16};
    if (subtype == 0 || subtype == 3 || subtype == NXAST_AUTOPATH) return refuse_action(OFPBAC_BAD_VENDOR_TYPE);
    if (subtype >= lengths.size()) return {Answer::unknown, {}, false};
    const bool bundle = subtype == NXAST_BUNDLE || subtype == NXAST_BUNDLE_LOAD;
    const std::size_t least = subtype == NXAST_NOTE ? 16 : lengths[subtype];
    if (subtype == NXAST_REG_MOVE) {  // its fields' names may be longer
      if (a_.size() < 24) return refuse(kUnencodable);
      if (!all(a_.subspan(24), 0)) return refuse(kMustBeZero);
      return move();
    }
    const bool longer = bundle || subtype == NXAST_NOTE;
    if (a_.size() < least || (!longer && a_.size() > least)) return refuse_action(OFPBAC_BAD_LEN);
    switch (subtype) {
      case NXAST_RESUBMIT_TABLE:
        return all(a_.subspan(13, 3), 0) ? Check{} : refuse_action(OFPBAC_BAD_ARGUMENT);
      case NXAST_REG_LOAD:
        return load();
      case NXAST_MULTIPATH:
        return multipath();
      case NXAST_BUNDLE:
      case NXAST_BUNDLE_LOAD:
        return bundle_(subtype == NXAST_BUNDLE_LOAD);
      default:
        return {};
    }
  }

  Check move() const {
    const Bits from{u32(16), u16(12), u16(10)}, to{u32(20), u16(14), u16(10)};
    for (const Bits& b : {from, to}) {
      if (!field_of(b.header >> 9) && is_newer(b.header >> 9)) return {Answer::unknown, {}, false};
      if (!named_right(b)) return refuse(kBadField);
    }
    if (const Check c = check_bits(from, false, layers_); c.answer != Answer::takes) return c;
    return check_bits(to, true, layers_);
  }
  Check load() const {
    const Bits to = packed(10, 12);
    if (const Check c = check_bits(to, true, nullptr); c.answer != Answer::takes) return c;
    if (decoding()) {
      return to.count < 64 && number(a_.subspan(16, 8)) >> to.count != 0 ? refuse_action(OFPBAC_BAD_ARGUMENT) : Check{};
    }
    return met(field_of(to.header >> 9)->needs, *layers_) ? Check{} : refuse(kMatchInconsistent);
  }
  Check multipath() const {
    const Bits to = packed(26, 28);
    if (!field_of(to.header >> 9) && is_newer(to.header >> 9)) return {Answer::unknown, {}, false};
    if (!named_right(to)) return refuse(kBadSetType);
    if (decoding()) {
      std::uint32_t least = 0;
      while ((std::uint32_t{1} << least) < u16(18) + 1u) ++least;
      if (u16(10) > 5 || u16(16) > NX_MP_ALG_ITER_HASH || to.count < least) return refuse_action(OFPBAC_BAD_ARGUMENT);
    }
    return check_bits(to, true, layers_);
  }
  Check bundle_(bool loads) const {
    const std::size_t members = u16(20), room = a_.size() - 32;
    const Bits to = packed(22, 24);
    if (decoding()) {
      bool wrong = u16(12) > 5 || members > NX_BUNDLE_MAX_SLAVES || u16(10) > NX_BD_ALG_HRW ||
                   u32(16) != (NXM_OF_IN_PORT << 9 | 2) || u32(28) != 0;
      if (loads) {
        if (!field_of(to.header >> 9) && is_newer(to.header >> 9)) return {Answer::unknown, {}, false};
        if (!named_right(to)) return refuse(kBadSetType);
        wrong = to.count < 16;  // nothing else is looked at, see loads_unchecked_bundle()
      } else {
        wrong = wrong || u16(22) != 0 || u32(24) != 0;
      }
      if (room < 2 * members) return refuse_action(OFPBAC_BAD_LEN);
      if (wrong) return refuse_action(OFPBAC_BAD_ARGUMENT);
    }
    if (loads) {
      if (const Check c = check_bits(to, true, layers_); c.answer != Answer::takes) return c;
    }
    for (std::size_t i = 0; i < members; ++i) {
      const std::uint16_t port = u16(32 + 2 * i);
      if (port == OFPP_CONTROLLER || (port != OFPP_NONE && !is_output(port))) return refuse_action(OFPBAC_BAD_OUT_PORT);
    }
    return {};
  }

  ByteView a_;
  const Layers* layers_;
};

// One entry of a match; `layers` becomes what it says.
Check check_entry(std::uint32_t header, ByteView payload, Layers& layers, std::vector<std::uint32_t>& seen) {
  const bool masked = (header & 0x100) != 0;
  const std::size_t width = masked ? payload.size() / 2 : payload.size();
  const ByteView value = payload.first(width), mask = masked ? payload.subspan(width, width) : ByteView();
  const Field* field = field_of(header >> 9);
  if (!field && is_newer(header >> 9)) return {Answer::unknown, {}, false};
  if (masked) {
    for (std::size_t i = 0; i < std::min(width, mask.size()); ++i) {
      if ((value[i] & ~mask[i]) != 0) return refuse(kBadWildcards);
    }
  }
  if (!field || width != field->size) return refuse(kBadField);
  if (masked && !field->masks && !all(mask, 0) && !all(mask, 0xff)) return refuse_match(NXBRC_NXM_BAD_MASK);
  if (masked && !field->masks) return {Answer::unknown, {}, false};
  if (!masked && (number(value) & field->zero_bits) != 0) return refuse_match(NXBRC_NXM_BAD_VALUE);
  if (!met(field->needs, layers)) return refuse_match(NXBRC_NXM_BAD_PREREQ);
  if (std::find(seen.begin(), seen.end(), field->type) != seen.end()) return refuse_match(NXBRC_NXM_DUP_TYPE);
  if (!masked || !all(mask, 0)) seen.push_back(field->type);
  if (header >> 9 == NXM_OF_ETH_TYPE) layers.dl_type = static_cast<std::uint16_t>(number(value));
  if (header >> 9 == NXM_OF_IP_PROTO) layers.nw_proto = value[0];
  if (header >> 9 == NXM_NX_ICMPV6_TYPE) layers.tp_src = value[0];
  return {};
}

}  // namespace

Check check_match(ByteView entries, Layers& layers) {
  std::vector<std::uint32_t> seen;
  bool known = true;
  while (!entries.empty()) {
    if (entries.size() < 4) return refuse(kUnencodable);
    const auto header = static_cast<std::uint32_t>(number(entries.first(4)));
    const std::size_t length = header & 0xff;
    if (entries.size() - 4 < length) return known ? refuse(kUnencodable) : Check{Answer::unknown, {}, false};
    const Check check = check_entry(header, entries.subspan(4, length), layers, seen);
    if (check.answer == Answer::refuses) return known ? check : Check{Answer::unknown, {}, false};
    if (check.answer == Answer::unknown) known = false;
    entries = entries.subspan(4 + length);
  }
  return known ? Check{} : Check{Answer::unknown, {}, false};
}

Layers layers_of(const WireMatch& m) {
  Layers out;
  if ((m.wildcards & OFPFW_DL_TYPE) == 0) out.dl_type = m.dl_type;
  if ((m.wildcards & OFPFW_NW_PROTO) == 0) out.nw_proto = m.nw_proto;
  return out;
}

bool loads_unchecked_bundle(ByteView actions) {
  for (std::size_t at = 0; at + 32 <= actions.size();) {
    const auto length = static_cast<std::size_t>(number(actions.subspan(at + 2, 2)));
    if (length < 8) return false;
    const ByteView a = actions.subspan(at);
    if (number(a.first(2)) == OFPAT_VENDOR && number(a.subspan(8, 2)) == NXAST_BUNDLE_LOAD) {
      if (number(a.subspan(12, 2)) > 1 || number(a.subspan(20, 2)) > NX_BUNDLE_MAX_SLAVES ||
          number(a.subspan(10, 2)) > NX_BD_ALG_HRW || number(a.subspan(16, 4)) != (NXM_OF_IN_PORT << 9 | 2) ||
          number(a.subspan(28, 4)) != 0) {
        return true;
      }
    }
    at += length;
  }
  return false;
}

bool names_impossible_reason(ByteView actions) {
  constexpr std::uint64_t controller_subtype = 20, reasons = 32;
  for (std::size_t at = 0; at + 16 <= actions.size();) {
    const auto length = static_cast<std::size_t>(number(actions.subspan(at + 2, 2)));
    if (length < 8) return false;
    const ByteView a = actions.subspan(at);
    if (number(a.first(2)) == OFPAT_VENDOR && number(a.subspan(8, 2)) == controller_subtype && a[14] >= reasons)
      return true;
    at += length;
  }
  return false;
}

Check check_actions(ByteView actions, const Layers& layers) {
  // First each action by itself, then whether all fit the match.
  for (const Layers* with : {static_cast<const Layers*>(nullptr), &layers}) {
    for (ByteView rest = actions; !rest.empty();) {
      if (rest.size() < 8) return refuse_action(OFPBAC_BAD_LEN);
      const auto length = static_cast<std::size_t>(number(rest.subspan(2, 2)));
      const auto type = number(rest.first(2));
      if (type == OFPAT_VENDOR && number(rest.subspan(4, 4)) != NX_VENDOR_ID) return refuse_action(OFPBAC_BAD_VENDOR);
      if (type == OFPAT_VENDOR && rest.size() < 10) return refuse_action(OFPBAC_BAD_LEN);
      if (type != OFPAT_VENDOR && type > OFPAT_ENQUEUE) return refuse_action(OFPBAC_BAD_TYPE);
      if (type == OFPAT_VENDOR) {
        const auto subtype = number(rest.subspan(8, 2));
        constexpr std::uint64_t last_newer = 50, first_of_its_own = 254, last_of_its_own = 255;
        const bool newer = subtype > NXAST_RESUBMIT_TABLE &&
                           (subtype <= last_newer || (subtype >= first_of_its_own && subtype <= last_of_its_own));
        if (newer) return {Answer::unknown, {}, false};
        if (subtype == 0 || subtype == 3 || subtype == NXAST_AUTOPATH || subtype > NXAST_RESUBMIT_TABLE)
          return refuse_action(OFPBAC_BAD_VENDOR_TYPE);
      }
      if (length < 8 || length > rest.size() || length % 8 != 0) return refuse_action(OFPBAC_BAD_LEN);
      if (type == OFPAT_VENDOR && length < 16) return refuse_action(OFPBAC_BAD_LEN);
      if (const Check c = ActionCheck(rest.first(length), with).run(); c.answer != Answer::takes) return c;
      rest = rest.subspan(length);
    }
  }
  return {};
}

}  // namespace oftwin::harness::ovs3

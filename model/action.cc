// Validation reads the list once from the front; the first wrong action decides. Rewriting is in three layers: the
// addresses, the tag, and the headers of IPv4 with their checksums.
#include "model/action.h"

#include <algorithm>

#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint32_t kNicira = 0x00002320;
constexpr std::uint16_t kVid = 0x0fff, kPcp = 0xe000, kTagged = 0x1000;
constexpr std::uint8_t kTcp = 6;

std::uint64_t get(ByteView bytes, wire::Field field) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | bytes[field.offset + i];
  return n;
}
void put(Bytes& bytes, wire::Field field, std::uint64_t value) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) bytes[field.offset + i] = static_cast<std::uint8_t>(value);
}

Error bad_action(OfpBadActionCode code) { return openflow_error(OFPET_BAD_ACTION, code); }

// The one length that an action of this type has; 0: no such type.
std::size_t exact_length(std::uint64_t type) {
  if (type > OFPAT_ENQUEUE) return 0;
  return type == OFPAT_SET_DL_SRC || type == OFPAT_SET_DL_DST || type == OFPAT_ENQUEUE ? 16 : 8;
}

Error vendor_error(ByteView action, Clauses& hit) {
  if (get(action, wire::action::vendor) != kNicira) {
    hit.set(clause("ACT-2"));
    return bad_action(OFPBAC_BAD_VENDOR);
  }
  hit.set(clause("ACT-5"));
  return bad_action(action.size() < 16 ? OFPBAC_BAD_LEN : OFPBAC_BAD_TYPE);
}

bool output_port_exists(std::uint64_t port) { return port < OFPP_MAX || (port >= OFPP_IN_PORT && port <= OFPP_LOCAL); }
bool enqueue_port_exists(std::uint64_t port) { return port < OFPP_MAX || port == OFPP_IN_PORT || port == OFPP_LOCAL; }

Error argument_error(std::uint64_t type, ByteView action, Clauses& hit) {
  const bool bad_port = (type == OFPAT_OUTPUT && !output_port_exists(get(action, wire::action::output_port))) ||
                        (type == OFPAT_ENQUEUE && !enqueue_port_exists(get(action, wire::action::enqueue_port)));
  if (bad_port) {
    hit.set(clause("ACT-3"));
    return bad_action(OFPBAC_BAD_OUT_PORT);
  }
  const bool bad_value = (type == OFPAT_SET_VLAN_VID && get(action, wire::action::vlan_vid) > kVid) ||
                         (type == OFPAT_SET_VLAN_PCP && get(action, wire::action::vlan_pcp) > 7) ||
                         (type == OFPAT_SET_NW_TOS && (get(action, wire::action::nw_tos) & 3) != 0);
  if (bad_value) {
    hit.set(clause("ACT-4"));
    return bad_action(OFPBAC_BAD_ARGUMENT);
  }
  return {};
}

Error action_error(ByteView action, Clauses& hit) {
  const std::uint64_t type = get(action, wire::action::type);
  if (type == OFPAT_VENDOR) return vendor_error(action, hit);
  const std::size_t length = exact_length(type);
  if (length == action.size()) return argument_error(type, action, hit);
  hit.set(length == 0 ? clause("ACT-2") : clause("ACT-1"));
  return bad_action(length == 0 ? OFPBAC_BAD_TYPE : OFPBAC_BAD_LEN);
}

// RFC 1624: the checksum after one 16-bit word under it has changed.
std::uint16_t updated(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
  std::uint32_t sum = std::uint16_t(~checksum) + std::uint16_t(~before) + std::uint32_t{after};
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

constexpr wire::Field kIpv4Tos{0, 2}, kIpv4Checksum{10, 2}, kIpv4Source{12, 4}, kIpv4Destination{16, 4};
constexpr wire::Field kTcpChecksum{16, 2}, kUdpChecksum{6, 2}, kSourcePort{0, 2}, kDestinationPort{2, 2};

wire::Field behind(std::size_t start, wire::Field field) { return {start + field.offset, field.size}; }

// One field under one or two checksums.
class Rewrite {
 public:
  Rewrite(Packet& packet, Clauses& hit) : p_(packet), hit_(hit) {}

  void ipv4_field(wire::Field field, std::uint64_t value, bool in_pseudo_header) {
    const std::size_t ip = p_.frame.size() - *p_.ipv4_from_end;
    const std::uint64_t before = get(p_.frame, behind(ip, field));
    sum(behind(ip, kIpv4Checksum), field.size, before, value);
    if (in_pseudo_header && p_.transport_from_end) transport_sum(field.size, before, value);
    put(p_.frame, behind(ip, field), value);
  }
  void port(wire::Field field, std::uint16_t value) {
    const wire::Field at = behind(p_.frame.size() - *p_.transport_from_end, field);
    transport_sum(field.size, get(p_.frame, at), value);
    put(p_.frame, at, value);
  }

 private:
  void sum(wire::Field checksum, std::size_t size, std::uint64_t before, std::uint64_t after) {
    hit_.set(clause("ACT-9"));
    std::uint16_t c = static_cast<std::uint16_t>(get(p_.frame, checksum));
    for (std::size_t shift = 0; shift < size * 8; shift += 16) {
      c = updated(c, static_cast<std::uint16_t>(before >> shift), static_cast<std::uint16_t>(after >> shift));
    }
    put(p_.frame, checksum, c);
  }
  void transport_sum(std::size_t size, std::uint64_t before, std::uint64_t after) {
    const std::size_t at = p_.frame.size() - *p_.transport_from_end;
    if (p_.written.nw_proto == kTcp) return sum(behind(at, kTcpChecksum), size, before, after);
    const wire::Field checksum = behind(at, kUdpChecksum);
    if (get(p_.frame, checksum) == 0) return;  // the sender made none
    sum(checksum, size, before, after);
    if (get(p_.frame, checksum) == 0) put(p_.frame, checksum, 0xffff);
  }

  Packet& p_;
  Clauses& hit_;
};

void write_ipv4(Packet& p, Clauses& hit) {
  Rewrite rewrite(p, hit);
  const FlowKey &was = p.written, &is = p.wanted;
  if (is.nw_src != was.nw_src) rewrite.ipv4_field(kIpv4Source, is.nw_src, true);
  if (is.nw_dst != was.nw_dst) rewrite.ipv4_field(kIpv4Destination, is.nw_dst, true);
  if (is.nw_tos != was.nw_tos) {
    const std::uint64_t word = get(p.frame, behind(p.frame.size() - *p.ipv4_from_end, kIpv4Tos));
    rewrite.ipv4_field(kIpv4Tos, (word & 0xff03) | is.nw_tos, false);
  }
  if (is.tp_src != was.tp_src) rewrite.port(kSourcePort, is.tp_src);
  if (is.tp_dst != was.tp_dst) rewrite.port(kDestinationPort, is.tp_dst);
}

void write_tag(Packet& p, Clauses& hit) {
  if (p.wanted.vlan_tci == p.written.vlan_tci) return;
  hit.set(clause("ACT-7"));
  constexpr std::ptrdiff_t at = 12;
  const bool is = (p.wanted.vlan_tci & kTagged) != 0, was = (p.written.vlan_tci & kTagged) != 0;
  if (was && !is) p.frame.erase(p.frame.begin() + at, p.frame.begin() + at + 4);
  if (is && !was) p.frame.insert(p.frame.begin() + at, {0x81, 0x00, 0x00, 0x00});
  if (is) put(p.frame, {at + 2, 2}, p.wanted.vlan_tci & (kVid | kPcp));
}

}  // namespace

Error validate_actions(ByteView actions, Clauses& hit) {
  while (!actions.empty()) {
    const std::size_t length = actions.size() < 8 ? 0 : get(actions, wire::action::len);
    if (length < 8 || length % 8 != 0 || length > actions.size()) {
      hit.set(clause("ACT-1"));
      return bad_action(OFPBAC_BAD_LEN);
    }
    if (const Error e = action_error(actions.first(length), hit)) return e;
    actions = actions.subspan(length);
  }
  return {};
}

Packet packet_of(ByteView frame, std::uint16_t in_port, Clauses& hit) {
  const Headers h = parse(frame, in_port, hit);
  Packet p{Bytes(frame.begin(), frame.end()), h.key, h.key, {}, {}};
  if (h.ipv4) p.ipv4_from_end = frame.size() - *h.ipv4;
  if (h.transport) p.transport_from_end = frame.size() - *h.transport;
  return p;
}

void apply(Packet& p, ByteView action, Clauses& hit) {
  FlowKey& k = p.wanted;
  const auto tci = [&](std::uint16_t kept, std::uint64_t bits) {
    k.vlan_tci = static_cast<std::uint16_t>((k.vlan_tci & kept) | kTagged | bits);
  };
  const bool ip = p.ipv4_from_end.has_value(), transport = p.transport_from_end.has_value();
  const std::uint64_t type = get(action, wire::action::type);
  if (type >= OFPAT_SET_NW_SRC && type <= OFPAT_SET_TP_DST) hit.set(clause("ACT-8"));
  switch (type) {
    case OFPAT_SET_VLAN_VID:
      return tci(kPcp, get(action, wire::action::vlan_vid));
    case OFPAT_SET_VLAN_PCP:
      return tci(kVid, get(action, wire::action::vlan_pcp) << 13);
    case OFPAT_STRIP_VLAN:
      k.vlan_tci = 0;
      return;
    case OFPAT_SET_DL_SRC:
      k.dl_src = get(action, wire::action::dl_addr);
      return;
    case OFPAT_SET_DL_DST:
      k.dl_dst = get(action, wire::action::dl_addr);
      return;
    case OFPAT_SET_NW_SRC:
      if (ip) k.nw_src = static_cast<std::uint32_t>(get(action, wire::action::nw_addr));
      return;
    case OFPAT_SET_NW_DST:
      if (ip) k.nw_dst = static_cast<std::uint32_t>(get(action, wire::action::nw_addr));
      return;
    case OFPAT_SET_NW_TOS:
      if (ip) k.nw_tos = static_cast<std::uint8_t>(get(action, wire::action::nw_tos));
      return;
    case OFPAT_SET_TP_SRC:
      if (transport) k.tp_src = static_cast<std::uint16_t>(get(action, wire::action::tp_port));
      return;
    case OFPAT_SET_TP_DST:
      if (transport) k.tp_dst = static_cast<std::uint16_t>(get(action, wire::action::tp_port));
      return;
    default:
      return;
  }
}

void write(Packet& p, Clauses& hit) {
  if (p.wanted == p.written) return;
  hit.set(clause("ACT-6"));
  put(p.frame, {0, 6}, p.wanted.dl_dst);
  put(p.frame, {6, 6}, p.wanted.dl_src);
  if (p.ipv4_from_end) write_ipv4(p, hit);
  write_tag(p, hit);
  p.written = p.wanted;
}

ByteView take_action(ByteView& actions) {
  const ByteView first = actions.first(get(actions, wire::action::len));
  actions = actions.subspan(first.size());
  return first;
}

std::optional<Output> output_of(ByteView action) {
  const std::uint64_t type = get(action, wire::action::type);
  const auto number = [&](wire::Field f) { return static_cast<std::uint16_t>(get(action, f)); };
  if (type == OFPAT_OUTPUT) return Output{number(wire::action::output_port), number(wire::action::output_max_len)};
  if (type == OFPAT_ENQUEUE) return Output{number(wire::action::enqueue_port), 0};
  return std::nullopt;
}

}  // namespace oftwin::model

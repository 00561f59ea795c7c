// Validation reads the list once from the front; the first wrong action decides. Rewriting is in three layers: the
// addresses, the tag, and the headers of IPv4 with their checksums.
#include "model/action.h"

#include <algorithm>

#include "model/nicira_action.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint16_t kVid = 0x0fff, kPcp = 0xe000, kTagged = 0x1000;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint32_t kQueues = 0xf000;  // a queue's id is smaller

// The one length that an action of this type has; 0: no such type.
std::size_t exact_length(std::uint64_t type) {
  if (type > OFPAT_ENQUEUE) return 0;
  return type == OFPAT_SET_DL_SRC || type == OFPAT_SET_DL_DST || type == OFPAT_ENQUEUE ? 16 : 8;
}

bool is_enqueue_port(std::uint64_t port) { return port < OFPP_MAX || port == OFPP_IN_PORT || port == OFPP_LOCAL; }

Error argument_error(std::uint64_t type, ByteView action, Clauses& hit) {
  namespace w = wire::action;
  if ((type == OFPAT_OUTPUT && !is_output_port(get<w::output_port>(action))) ||
      (type == OFPAT_ENQUEUE && !is_enqueue_port(get<w::enqueue_port>(action)))) {
    hit.set(clause("ACT-3"));
    return bad_action(OFPBAC_BAD_OUT_PORT);
  }
  if ((type == OFPAT_SET_VLAN_VID && get<w::vlan_vid>(action) > kVid) ||
      (type == OFPAT_SET_VLAN_PCP && get<w::vlan_pcp>(action) > 7) ||
      (type == OFPAT_SET_NW_TOS && (get<w::nw_tos>(action) & 3) != 0)) {
    hit.set(clause("ACT-4"));
    return bad_action(OFPBAC_BAD_ARGUMENT);
  }
  return {};
}

Error action_error(ByteView action, Layers layers, Clauses& hit) {
  const auto type = get<wire::action::type>(action);
  if (is_nicira(action)) return validate_nicira_action(action, layers, hit);
  const std::size_t length = exact_length(type);
  if (length == action.size()) return argument_error(type, action, hit);
  hit.set(length == 0 ? clause("ACT-2") : clause("ACT-1"));
  return bad_action(type == OFPAT_VENDOR ? OFPBAC_BAD_VENDOR : length == 0 ? OFPBAC_BAD_TYPE : OFPBAC_BAD_LEN);
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
    auto c = get<std::uint16_t>(p_.frame, checksum);
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
  if (!p.transport_from_end) return;
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

bool is_nicira(ByteView action) {
  return get<wire::action::type>(action) == OFPAT_VENDOR && get<wire::action::vendor>(action) == NX_VENDOR_ID;
}
bool is_output_port(std::uint64_t port) { return port < OFPP_MAX || (port >= OFPP_IN_PORT && port <= OFPP_LOCAL); }

Error validate_actions(ByteView actions, Layers layers, Clauses& hit) {
  while (!actions.empty()) {
    const std::size_t length = actions.size() < 8 ? 0 : get(actions, wire::action::len);
    if (length < 8 || length % 8 != 0 || length > actions.size()) {
      hit.set(clause("ACT-1"));
      return bad_action(OFPBAC_BAD_LEN);
    }
    if (const Error e = action_error(actions.first(length), layers, hit)) return e;
    actions = actions.subspan(length);
  }
  return {};
}

Packet packet_of(ByteView frame, std::uint16_t in_port, std::uint64_t tun_id, Clauses& hit) {
  Headers h = parse(frame, in_port, hit);
  hit.set(clause("PKT-10"));
  h.key.tun_id = tun_id;
  Packet p;
  p.frame.assign(frame.begin(), frame.end());
  p.written = p.wanted = h.key;
  p.length = frame.size();
  p.ports_missing = h.ports_missing;
  p.whole_arp = h.whole_arp;
  if (h.ipv4) p.ipv4_from_end = frame.size() - *h.ipv4;
  if (h.transport) p.transport_from_end = frame.size() - *h.transport;
  return p;
}

void apply(Packet& p, ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  FlowKey& k = p.wanted;
  const auto tci = [&](std::uint16_t kept, std::uint64_t bits) {
    k.vlan_tci = static_cast<std::uint16_t>((k.vlan_tci & kept) | kTagged | bits);
  };
  if (is_nicira(action)) return apply_nicira_action(p, action, ports, hit);
  namespace w = wire::action;
  const auto type = get<w::type>(action);
  if (type == OFPAT_SET_VLAN_VID) tci(kPcp, get<w::vlan_vid>(action));
  if (type == OFPAT_SET_VLAN_PCP) tci(kVid, static_cast<std::uint64_t>(get<w::vlan_pcp>(action)) << 13);
  if (type == OFPAT_STRIP_VLAN) k.vlan_tci = 0;
  if (type == OFPAT_SET_DL_SRC) k.dl_src = get<w::dl_addr>(action);
  if (type == OFPAT_SET_DL_DST) k.dl_dst = get<w::dl_addr>(action);
  if (type == OFPAT_SET_NW_SRC) k.nw_src = get<w::nw_addr>(action);
  if (type == OFPAT_SET_NW_DST) k.nw_dst = get<w::nw_addr>(action);
  if (type == OFPAT_SET_NW_TOS) k.nw_tos = get<w::nw_tos>(action);
  if (type == OFPAT_SET_TP_SRC) k.tp_src = get<w::tp_port>(action);
  if (type == OFPAT_SET_TP_DST) k.tp_dst = get<w::tp_port>(action);
}

void set_queue(Packet& packet, std::uint32_t queue, Clauses& hit) {
  hit.set(clause("ACT-15"));
  if (queue < kQueues) packet.queue = queue;
}

void write(Packet& p, Clauses& hit) {
  if (p.wanted == p.written) return;
  hit.set(clause("ACT-6"));
  hit.set(clause("ACT-8"));
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

std::optional<Output> output_of(ByteView action, const std::vector<Port>& ports, Clauses& hit) {
  namespace w = wire::action;
  const auto type = get<w::type>(action);
  if (type == OFPAT_OUTPUT) return Output{get<w::output_port>(action), get<w::output_max_len>(action), {}};
  if (type == OFPAT_ENQUEUE) return Output{get<w::enqueue_port>(action), 0, get<w::enqueue_queue_id>(action)};
  const auto port = is_nicira(action) ? bundle_port(action, ports, hit) : std::nullopt;
  return port ? std::optional(Output{*port, 0, {}}) : std::nullopt;
}

}  // namespace oftwin::model

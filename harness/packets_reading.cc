// Two steps, as in the law: how a frame is read (Reading), then what the actions make of it (run), both with the
// model's own functions and with a few things put in their way. Invariant: with no label in force it is the law.
#include "harness/packets_reading.h"

#include <algorithm>

#include "model/action.h"
#include "model/match.h"
#include "model/packet.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

using enum PacketLabel;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58, kSctp = 132;

std::uint16_t be16(ByteView b, std::size_t at) { return static_cast<std::uint16_t>(b[at] << 8 | b[at + 1]); }
std::uint32_t be32(ByteView b, std::size_t at) { return std::uint32_t{be16(b, at)} << 16 | be16(b, at + 2); }

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

// A frame as the recorded switch reads it.
class Reading {
 public:
  Reading(std::uint16_t in_port, ByteView arrived, PacketLabels in_force)
      : frame(arrived.begin(), arrived.end()), in_force_(in_force) {
    if (frame.size() < model::kEthernetHeader) use(short_frame);
    if (frame.size() >= 18 && be16(frame, 12) == 0x88a8 && use(dot1ad_tag)) frame[12] = 0x81, frame[13] = 0x00;
    const model::Headers h = model::parse(frame, in_port, hit_);
    key = h.key;
    written = h.key;
    ipv4 = h.ipv4;
    transport = h.transport;
    if (ipv4) read_ipv4(h.ipv4_fragment);
    if (key.dl_type == 0x0806) read_arp();
    if (key.dl_type == 0x86dd) read_ipv6();
  }

  Bytes frame;
  FlowKey key;      // for the match
  FlowKey written;  // for the actions
  std::optional<std::size_t> ipv4, transport;
  bool ports_settable = true;  // else `transport` is there for its checksum only
  std::vector<OpenBytes> open_to_tos, open_to_ports;
  PacketLabels applied;

 private:
  PacketLabels in_force_;
  model::Clauses hit_;  // nobody asks

  bool on(PacketLabel label) const { return in_force_[static_cast<std::size_t>(label)]; }
  // This frame is a case of the label; true if it is in force.
  bool use(PacketLabel label) {
    if (on(label)) applied.set(static_cast<std::size_t>(label));
    return on(label);
  }
  void set_ports(std::uint16_t src, std::uint16_t dst) {
    key.tp_src = written.tp_src = src;
    key.tp_dst = written.tp_dst = dst;
  }
  void open(std::vector<OpenBytes>& list, std::size_t at, std::size_t size) const {
    list.push_back({frame.size() - at, size});
  }

  void read_ipv4(bool fragment) {
    const std::size_t header = (frame[*ipv4] & 0x0f) * 4u, present = frame.size() - *ipv4;
    const std::size_t total = be16(frame, *ipv4 + 2);
    const bool bad_total = total < header || total > present;
    if (bad_total && use(ipv4_total_length)) {
      key.nw_src = key.nw_dst = key.tp_src = key.tp_dst = 0;
      key.nw_tos = key.nw_proto = 0;
      ipv4 = transport = std::nullopt;
      return;
    }
    const ByteView all = ByteView(frame).subspan(*ipv4 + header);
    const ByteView inside = bad_total ? all : all.first(total - header);
    if (fragment) read_fragment(inside, (be16(frame, *ipv4 + 6) & 0x1fff) != 0);
    if (!fragment) read_transport(all, on(ipv4_padding) ? inside : all);
    if (key.nw_proto == 0 && use(ipv4_protocol_zero)) ipv4 = std::nullopt;
  }

  void read_fragment(ByteView segment, bool later) {
    const std::size_t at = static_cast<std::size_t>(segment.data() - frame.data());
    const std::uint8_t protocol = key.nw_proto;
    const bool checksummed = (protocol == kTcp && segment.size() >= 20) || (protocol == kUdp && segment.size() >= 8);
    const bool numbered = protocol == kIcmp && segment.size() >= 8 && !later;
    if ((!checksummed && !numbered) || !use(fragment_transport)) return;
    if (numbered) return open(open_to_ports, at, 4);
    transport = at;
    ports_settable = !later;
    if (!later) {
      written.tp_src = be16(segment, 0);
      written.tp_dst = be16(segment, 2);
    }
  }

  // all: what is behind the IPv4 header; segment: as much of it as counts.
  void read_transport(ByteView all, ByteView segment) {
    const std::size_t at = frame.size() - all.size();
    switch (key.nw_proto) {
      case kTcp:
        if (transport && !whole_tcp(segment)) drop_transport(ipv4_padding);
        if (!transport && segment.size() >= 20 && use(tcp_data_offset)) {
          transport = at;
          ports_settable = false;
        }
        return;
      case kUdp:
        if (transport && segment.size() < 8) drop_transport(ipv4_padding);
        return;
      case kIcmp:
        if (all.size() >= 8 && segment.size() < 8) drop_transport(ipv4_padding);
        if (segment.size() >= 8 && use(icmp_rewrite)) open(open_to_ports, at, 4);
        return;
      case kSctp:
        if (segment.size() < 12 || !use(sctp_ports)) return;
        set_ports(be16(segment, 0), be16(segment, 2));
        open(open_to_ports, at, 4);
        open(open_to_ports, at + 8, 4);
        return;
      default:
        return;
    }
  }
  void drop_transport(PacketLabel why) {
    if (!use(why)) return;
    set_ports(0, 0);
    transport = std::nullopt;
  }

  void read_arp() {
    const ByteView arp = ByteView(frame).subspan(network_offset(frame));
    constexpr std::array<std::uint8_t, 6> for_ipv4 = {0, 1, 8, 0, 6, 4};
    if (arp.size() < 28 || !std::equal(for_ipv4.begin(), for_ipv4.end(), arp.begin())) return;
    const std::uint16_t opcode = be16(arp, 6);
    if (opcode == 1 || opcode == 2 || !use(arp_opcode)) return;
    key.nw_src = be32(arp, 14);
    key.nw_dst = be32(arp, 24);
  }

  void read_ipv6() {
    const std::size_t start = network_offset(frame);
    if (key.ipv6_src == Ipv6{} && key.ipv6_dst == Ipv6{}) return;  // no whole header
    ByteView rest = ByteView(frame).subspan(start + 40, be16(frame, start + 4));
    std::uint8_t next = frame[start + 6];
    while (rest.size() >= 8 && (next == 0 || next == 43 || next == 60 || next == 51 || next == 44)) {
      const std::size_t length = next == 44 ? 8 : next == 51 ? (rest[1] + 2u) * 4 : (rest[1] + 1u) * 8;
      next = rest[0];
      rest = rest.subspan(std::min(length, rest.size()));
    }
    const std::size_t at = static_cast<std::size_t>(rest.data() - frame.data());
    const bool sctp = key.nw_proto == kSctp && rest.size() >= 12;
    if (sctp && on(ipv6_in_openflow10_match)) set_ports(be16(rest, 0), be16(rest, 2));
    if (!use(ipv6_rewrite)) return;
    open(open_to_tos, start, 2);
    if (rest.size() < 8) return;
    open(open_to_ports, at, 4);
    if (key.nw_proto == kTcp && rest.size() >= 20) open(open_to_ports, at + 16, 2);
    if (key.nw_proto == kUdp) open(open_to_ports, at + 6, 2);
    if (sctp) open(open_to_ports, at + 8, 4);
  }
};

// What the recorded switch makes of an OpenFlow 1.0 match: it keeps fields that the law drops.
Match match_read(const PacketRule& rule, PacketLabels in_force, PacketLabels& applied) {
  const Match& sent = rule.sent;
  Match m = rule.match;
  const auto use = [&](PacketLabel label, bool wanted) {
    const auto i = static_cast<std::size_t>(label);
    if (wanted && in_force[i]) applied.set(i);
    return wanted && in_force[i];
  };
  const auto asks = [](const auto& field, auto value) { return field.mask != 0 && field.value == value; };
  const bool numbered = sent.tp_src.mask != 0 || sent.tp_dst.mask != 0;
  const bool sctp = asks(sent.dl_type, 0x0800) && asks(sent.nw_proto, kSctp) && numbered;
  const bool ipv6 = asks(sent.dl_type, 0x86dd) && (sent.nw_proto.mask != 0 || sent.nw_tos.mask != 0);
  bool ports = use(sctp_ports, sctp);
  if (use(ipv6_in_openflow10_match, ipv6)) {
    m.nw_tos = sent.nw_tos;
    m.nw_proto = sent.nw_proto;
    constexpr std::array with_ports = {kTcp, kUdp, kSctp, kIcmpv6};
    ports = sent.nw_proto.mask != 0 && std::ranges::find(with_ports, sent.nw_proto.value) != with_ports.end();
  }
  if (ports) {
    m.tp_src = sent.tp_src;
    m.tp_dst = sent.tp_dst;
  }
  return m;
}

std::uint16_t type_of(ByteView action) { return be16(action, 0); }

// What the actions send to the controller.
void run(ByteView actions, const Reading& reading, PacketPrediction& out) {
  model::Clauses hit;
  model::Packet packet;
  packet.frame = reading.frame;
  packet.written = packet.wanted = reading.written;
  if (reading.ipv4) packet.ipv4_from_end = reading.frame.size() - *reading.ipv4;
  if (reading.transport) packet.transport_from_end = reading.frame.size() - *reading.transport;
  bool own_tag = be16(reading.frame, 12) == 0x8100;
  const bool dot1ad = reading.applied[static_cast<std::size_t>(dot1ad_tag)];
  while (!actions.empty()) {
    const ByteView action = model::take_action(actions);
    const std::uint16_t type = type_of(action);
    const std::optional<model::Output> to = model::output_of(action, {}, hit);
    if (type == OFPAT_STRIP_VLAN) own_tag = false;
    if (type == OFPAT_SET_NW_TOS)
      out.open.insert(out.open.end(), reading.open_to_tos.begin(), reading.open_to_tos.end());
    if (type == OFPAT_SET_TP_SRC || type == OFPAT_SET_TP_DST) {
      out.open.insert(out.open.end(), reading.open_to_ports.begin(), reading.open_to_ports.end());
      if (!reading.ports_settable) continue;
    }
    if (!to) {
      model::apply(packet, action, {}, hit);
      continue;
    }
    model::write(packet, hit);
    if (to->port != OFPP_CONTROLLER) continue;
    out.frames.push_back(packet.frame);
    if (dot1ad && own_tag) out.frames.back()[12] = 0x88, out.frames.back()[13] = 0xa8;
  }
}

}  // namespace

PacketPrediction predict(const std::vector<PacketRule>& rules, std::uint16_t in_port, ByteView frame,
                         PacketLabels in_force) {
  PacketPrediction p;
  const Reading reading(in_port, frame, in_force);
  p.applied = reading.applied;
  const bool whole = frame.size() >= model::kEthernetHeader;
  p.looked_up = whole || p.applied[static_cast<std::size_t>(short_frame)];
  if (!p.looked_up) return p;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool better = !p.rule || rules[i].priority > rules[*p.rule].priority;
    if (model::matches(match_read(rules[i], in_force, p.applied), reading.key) && better) p.rule = i;
  }
  if (!whole) return p;  // counted, but never seen
  if (p.rule) {
    run(rules[*p.rule].actions, reading, p);
  } else {
    p.frames.emplace_back(frame.begin(), frame.end());
  }
  return p;
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

// One Run per frame. Invariant: with no label in force it is the law.
#include "harness/packets_prediction.h"

#include <algorithm>

#include "harness/packets_registers.h"
#include "harness/packets_writes.h"
#include "model/action.h"
#include "model/match.h"
#include "model/nicira_action.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

using enum PacketLabel;
constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmpv6 = 58, kSctp = 132;
constexpr std::uint16_t kIp = 0x0800, kIpv6 = 0x86dd, kTagged = 0x1000;
constexpr std::uint32_t kDepth = 16, kResubmissions = 256;             // DP-16
constexpr std::uint32_t kDepthThere = 64, kResubmissionsThere = 4096;  // beyond them the packet is dropped

std::uint64_t number(ByteView bytes, wire::Field field) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < field.size; ++i) n = n << 8 | bytes[field.offset + i];
  return n;
}

// What the recorded switch makes of an OpenFlow 1.0 match: it keeps fields that the law drops.
Match match_read(const PacketRule& rule, PacketLabels in_force) {
  const Match& sent = rule.sent;
  Match m = rule.match;
  const auto asks = [](const auto& field, auto value) { return field.mask != 0 && field.value == value; };
  const bool numbered = sent.tp_src.mask != 0 || sent.tp_dst.mask != 0;
  const bool sctp = asks(sent.dl_type, kIp) && asks(sent.nw_proto, kSctp) && numbered;
  const bool ipv6 = asks(sent.dl_type, kIpv6) && (sent.nw_proto.mask != 0 || sent.nw_tos.mask != 0);
  bool ports = sctp && has(in_force, sctp_ports);
  if (ipv6 && has(in_force, ipv6_in_openflow10_match)) {
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

class Run {
 public:
  Run(const std::vector<PacketRule>& rules, const FrameReading& reading, PacketLabels in_force, PacketPrediction& out)
      : rules_(rules), reading_(reading), in_force_(in_force), out_(out) {
    packet_.frame = reading.frame;
    packet_.written = packet_.wanted = network_written_ = reading.key;
    if (reading.ipv4) packet_.ipv4_from_end = reading.frame.size() - *reading.ipv4;
    if (reading.network) network_from_end_ = reading.frame.size() - *reading.network;
    if (reading.transport) packet_.transport_from_end = reading.frame.size() - *reading.transport;
    own_tag_ = (reading.key.vlan_tci & kTagged) != 0;
  }

  void enter() { resubmit({0, reading_.key.in_port}, 0, true); }

 private:
  bool on(PacketLabel label) const { return has(in_force_, label); }

  bool there(const PacketRule& rule) const { return rule.lawful != (rule.other_there && on(*rule.other_there)); }

  void resubmit(model::Resubmission to, std::uint32_t depth, bool hands_up_a_miss) {
    const std::uint32_t depth_limit = on(resubmit_depth) ? kDepthThere : kDepth;
    const std::uint32_t limit = on(resubmit_depth) ? kResubmissionsThere : kResubmissions;
    if (depth == depth_limit || packet_.resubmissions == limit) {
      out_.refused = out_.refused || on(resubmit_depth);
      return;
    }
    ++packet_.resubmissions;
    FlowKey key = packet_.wanted;
    key.in_port = to.in_port;
    if (reading_.ports_hidden) key.tp_src = key.tp_dst = 0;
    const std::optional<std::size_t> rule = best(to.table, key);
    out_.lookups.push_back({to.table, rule});
    if (rule) {
      out_.executed.push_back(*rule);
      list(*rule, depth + 1);
    } else if (hands_up_a_miss) {
      hand_up(std::nullopt);
    }
  }

  // A rule with the match and priority of an earlier one has replaced it.
  std::optional<std::size_t> best(std::uint8_t table, const FlowKey& key) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const PacketRule& r = rules_[i];
      const bool fifth = ((fifth_register_ ^ r.fifth_register.value) & r.fifth_register.mask) == 0;
      if (r.table != table || !there(r) || !fifth || !model::matches(match_read(r, in_force_), key)) continue;
      const bool replaces = found && r.priority == rules_[*found].priority && r.match == rules_[*found].match &&
                            r.fifth_register == rules_[*found].fifth_register;
      if (!found || replaces || r.priority > rules_[*found].priority) found = i;
    }
    return found;
  }

  void list(std::size_t rule, std::uint32_t depth) {
    for (ByteView rest = rules_[rule].actions; !rest.empty() && !out_.refused;) {
      const ByteView action = model::take_action(rest);
      const auto again = model::is_nicira(action)
                             ? model::resubmission_of(action, rules_[rule].table, packet_.wanted.in_port)
                             : std::nullopt;
      if (again) {
        const bool own = again->in_port == OFPP_IN_PORT && on(resubmit_in_port);
        resubmit({again->table, own ? packet_.wanted.in_port : again->in_port}, depth, false);
      } else if (const auto to = model::output_of(action, {}, unused_)) {
        if (to->port == OFPP_TABLE) {
          resubmit({0, packet_.wanted.in_port}, depth, true);
        } else {
          write();
          if (to->port == OFPP_CONTROLLER) hand_up(rule);
        }
      } else if (!ignored(action)) {
        if (number(action, wire::action::type) == OFPAT_STRIP_VLAN) own_tag_ = false;
        apply(action);
      }
    }
  }

  // The model has four registers. One that the action does not name stands in for the fifth.
  void apply(ByteView action) {
    const std::optional<std::size_t> spare = spare_register(action);
    Bytes renamed(action.begin(), action.end());
    if (spare) {
      std::swap(packet_.wanted.reg[*spare], fifth_register_);
      rename_fifth_register(renamed, *spare);
    }
    if (!write_address(packet_, renamed)) model::apply(packet_, renamed, {}, unused_);
    if (spare) std::swap(packet_.wanted.reg[*spare], fifth_register_);
  }

  // Actions that do nothing to this packet there, where the law changes the packet's field at least.
  bool ignored(ByteView action) const {
    if (reading_.later_fragment && names_port(action)) return true;
    const std::uint64_t type = number(action, wire::action::type);
    const bool ip = packet_.wanted.dl_type == kIp, ipv6 = packet_.wanted.dl_type == kIpv6;
    const bool ports = type == OFPAT_SET_TP_SRC || type == OFPAT_SET_TP_DST;
    if (ports && reading_.later_fragment) return true;
    const bool untagged = (packet_.wanted.vlan_tci & kTagged) == 0;
    if (type == OFPAT_STRIP_VLAN && untagged && on(strip_without_tag)) return true;
    if (!on(set_on_other_packets)) return false;
    if (type == OFPAT_SET_NW_SRC || type == OFPAT_SET_NW_DST) return !ip;
    return (type == OFPAT_SET_NW_TOS || ports) && !ip && !ipv6;
  }

  void open(const std::vector<OpenBytes>& more) { out_.open.insert(out_.open.end(), more.begin(), more.end()); }

  void write() {
    if (!reading_.whole) return;
    const FlowKey is = packet_.wanted, was = packet_.written;
    if (is.nw_tos != was.nw_tos) open(reading_.open_to_tos);
    const bool addresses = is.ipv6_src != was.ipv6_src || is.ipv6_dst != was.ipv6_dst;
    if (is.tp_src != was.tp_src || is.tp_dst != was.tp_dst || addresses) open(reading_.open_to_ports);
    if (!reading_.ports_settable) {
      packet_.wanted.tp_src = was.tp_src;
      packet_.wanted.tp_dst = was.tp_dst;
    }
    model::write(packet_, unused_);
    packet_.wanted = is;
    if (on(writable_fields)) write_network_header(is);
  }

  // It takes a packet without protocol, or with an ARP opcode of 0, for one without such a header, until that is
  // loaded.
  void write_network_header(const FlowKey& is) {
    if (!network_from_end_ || is.nw_proto == 0) return;
    const std::size_t at = packet_.frame.size() - *network_from_end_;
    if (write_network(packet_.frame, at, network_written_, is)) open(reading_.open_to_network);
    network_written_ = is;
  }

  void hand_up(std::optional<std::size_t> rule) {
    if (!rule) write();
    PacketMeta meta;
    meta.tun_id = packet_.wanted.tun_id;
    std::ranges::copy(packet_.wanted.reg, meta.reg.begin());
    meta.reg.back() = fifth_register_;
    out_.hits.push_back({rule, packet_.wanted.in_port, meta, packet_.frame});
    if (!reading_.dot1ad || !own_tag_ || (packet_.written.vlan_tci & kTagged) == 0) return;
    out_.hits.back().frame[12] = 0x88;
    out_.hits.back().frame[13] = 0xa8;
  }

  const std::vector<PacketRule>& rules_;
  const FrameReading& reading_;
  PacketLabels in_force_;
  PacketPrediction& out_;
  model::Packet packet_;
  model::Clauses unused_;
  std::uint32_t fifth_register_ = 0;
  bool own_tag_ = false;  // the tag in the frame is of the type that it came with
  std::optional<std::size_t> network_from_end_;
  FlowKey network_written_;  // what the frame has of the fields that write_network writes
};

}  // namespace

PacketPrediction predict(const std::vector<PacketRule>& rules, std::uint16_t in_port, ByteView frame,
                         PacketLabels in_force) {
  PacketPrediction p;
  const FrameReading reading(in_port, frame, in_force);
  if (!reading.whole && !has(in_force, short_frame)) return p;
  Run(rules, reading, in_force, p).enter();
  if (!reading.whole) p.hits.clear();  // looked up and counted, but never seen
  if (p.refused) p.hits.clear(), p.executed.clear();
  return p;
}

}  // namespace oftwin::harness

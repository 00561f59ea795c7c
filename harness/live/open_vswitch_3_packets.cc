// Packet-outs, as Open vSwitch 3 takes them, and which packets the model can follow there.
#include <algorithm>
#include <array>

#include "harness/live/open_vswitch_3_parts.h"
#include "harness/wire_io.h"
#include "model/action.h"
#include "model/match.h"
#include "model/packet.h"
#include "spec/nicira.h"

namespace oftwin::harness::live::ovs3 {
namespace {

constexpr std::size_t kShortest = 14;  // bytes of a frame that has an Ethernet header

bool ipv6_fragment(ByteView frame) {
  std::size_t at = 12;
  if (frame.size() >= 16 && frame[12] == 0x81 && frame[13] == 0) at = 16;
  if (frame.size() < at + 42 || frame[at] != 0x86 || frame[at + 1] != 0xdd) return false;
  return frame[at + 8] == 44 || (frame[at + 8] == 0 && frame[at + 42] == 44);
}

bool resubmits(ByteView list, bool to_in_port) {
  for (std::size_t at = 0; at + 16 <= list.size();) {
    const std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3];
    if (length < 8) return false;
    if (list[at] == 0xff && list[at + 1] == 0xff) {
      const std::uint8_t subtype = list[at + 9];
      const bool in_port = list[at + 10] == 0xff && list[at + 11] == (OFPP_IN_PORT & 0xff);
      if (subtype == NXAST_RESUBMIT && (in_port || !to_in_port)) return true;
      if (subtype == NXAST_RESUBMIT_TABLE && !to_in_port) return true;
    }
    at += length;
  }
  return false;
}
bool resubmits_to_in_port(ByteView list) { return resubmits(list, true); }
bool rules_resubmit_to_in_port(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [](const model::Rule& r) { return resubmits(r.actions, true); });
  });
}

bool any_list(const model::State& state, ByteView list, bool (*test)(ByteView)) {
  if (test(list)) return true;
  return std::any_of(state.tables.begin(), state.tables.end(), [&](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [&](const model::Rule& r) { return test(r.actions); });
  });
}

template <class Test>
bool any_action(ByteView list, Test test) {
  for (std::size_t at = 0; at + 8 <= list.size();) {
    const std::size_t length = std::size_t{list[at + 2]} << 8 | list[at + 3];
    if (length < 8 || length > list.size() - at) return false;
    if (test(list.subspan(at, length))) return true;
    at += length;
  }
  return false;
}

bool outputs_to(ByteView list, std::uint16_t port) {
  return any_action(list, [&](ByteView a) { return a[0] == 0 && a[1] == OFPAT_OUTPUT && (a[4] << 8 | a[5]) == port; });
}

// A field of the packet, as an action names it, that stands behind the Ethernet header.
bool behind_ethernet(ByteView header) {
  const std::uint32_t type =
      (std::uint32_t{header[0]} << 24 | std::uint32_t{header[1]} << 16 | std::uint32_t{header[2]} << 8 | header[3]) >>
      9;
  constexpr std::array before = {NXM_OF_IN_PORT,  NXM_OF_ETH_DST,  NXM_OF_ETH_SRC,
                                 NXM_OF_ETH_TYPE, NXM_OF_VLAN_TCI, NXM_NX_TUN_ID};
  const bool reg = type >= NXM_NX_REG0 && type < NXM_NX_REG0 + 4;
  return !reg && std::find(before.begin(), before.end(), type) == before.end();
}

// Headers behind Ethernet's may be read or changed.
bool rewrites_headers(ByteView list) {
  return any_action(list, [](ByteView a) {
    if (a[0] == 0 && a[1] >= OFPAT_SET_NW_SRC && a[1] <= OFPAT_SET_TP_DST) return true;
    if (a[0] != 0xff || a[1] != 0xff || a.size() < 24) return false;
    if (a[9] == NXAST_REG_LOAD) return behind_ethernet(a.subspan(12, 4));
    return a[9] == NXAST_REG_MOVE && (behind_ethernet(a.subspan(16, 4)) || behind_ethernet(a.subspan(20, 4)));
  });
}

// What a hash chooses, and whether the table counts as a slave that is live, is the switch's business.
bool chooses_by_hash(ByteView list) {
  return any_action(list, [](ByteView a) {
    if (a[0] != 0xff || a[1] != 0xff || a.size() < 32) return false;
    if (a[9] == NXAST_MULTIPATH) return true;
    if (a[9] != NXAST_BUNDLE && a[9] != NXAST_BUNDLE_LOAD) return false;
    for (std::size_t at = 32; at + 2 <= a.size(); at += 2) {
      if (a[at] == 0xff && a[at + 1] == (OFPP_TABLE & 0xff)) return true;
    }
    return a[11] == NX_BD_ALG_HRW;
  });
}

bool any_rule_asks_for_layers(const model::State& state) {
  return std::any_of(state.tables.begin(), state.tables.end(), [](const model::Table& t) {
    return std::any_of(t.rules.begin(), t.rules.end(), [](const model::Rule& r) { return r.match.dl_type.mask != 0; });
  });
}

// An IPv4 packet whose lengths or transport header are not what they should be, an ARP packet that is neither request
// nor reply: what such frames have of fields is a matter of how they are read.
bool odd_frame(ByteView frame, const FlowKey& key) {
  const std::size_t at = frame.size() > 16 && frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
  if (key.dl_type == 0x0806)
    return frame.size() < at + 28 || frame[at + 6] != 0 || frame[at + 7] == 0 || frame[at + 7] > 2;
  if (key.dl_type == 0x86dd) {
    return frame.size() < at + 40 || (std::size_t{frame[at + 4]} << 8 | frame[at + 5]) > frame.size() - at - 40 ||
           frame[at + 6] == 44 || frame[at + 6] == 0;
  }
  if (key.dl_type != 0x0800) return false;
  if (frame[12] != 8 && at == 14) return false;  // in a frame of 802.3
  if (frame.size() < at + 20) return true;
  const std::size_t header = 4u * (frame[at] & 15), total = std::size_t{frame[at + 2]} << 8 | frame[at + 3];
  if (frame[at] >> 4 != 4 || header < 20 || total < header || total > frame.size() - at) return true;
  if (key.nw_proto == 6) return total < header + 20;
  return (key.nw_proto == 17 || key.nw_proto == 1) && total < header + 8;
}

// TCP or UDP over IPv4, whole, and as long as its lengths say.
bool plain_transport(ByteView frame, const FlowKey& key) {
  if (key.dl_type != 0x0800 || (key.nw_proto != 6 && key.nw_proto != 17)) return false;
  const std::size_t at = frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
  if (frame.size() < at + 20 || frame[at] >> 4 != 4) return false;
  const std::size_t header = 4u * (frame[at] & 15), total = std::size_t{frame[at + 2]} << 8 | frame[at + 3];
  const std::size_t transport = key.nw_proto == 6 ? 20 : 8;
  if (total < header + transport || total > frame.size() - at) return false;
  if (key.nw_proto == 17) return true;
  const std::size_t offset = 4u * (frame[at + header + 12] >> 4);
  return offset >= 20 && offset <= total - header;
}

// A frame without an Ethernet header is looked up and counted at the rule that it meets, and nothing comes out.
Taken take_short_frame(const Asked& a, ByteView list, std::size_t size, std::uint16_t in_port) {
  const bool only_table =
      list.size() == 8 && list[1] == OFPAT_OUTPUT && list[4] == 0xff && list[5] == (OFPP_TABLE & 0xff);
  if (!only_table) return leaves("short-frame");
  FlowKey key;
  key.in_port = in_port;
  const model::Rule* met = nullptr;
  for (const model::Rule& rule : a.state.tables[0].rules) {
    if (!model::matches(rule.match, key)) continue;
    if (met && rule.priority == met->priority) return leaves("short-frame");
    if (!met || rule.priority > met->priority) met = &rule;
  }
  if (met && (resubmits(met->actions, false) || outputs_to(met->actions, OFPP_TABLE))) return leaves("short-frame");
  Taken out = as("short-frame", Bytes(a.message.begin(), a.message.end()));
  const std::optional<RuleName> name = met ? std::optional(met->name) : std::nullopt;
  out.instead.then = [name, size](model::State& state) {
    model::Table& table = state.tables[0];
    ++table.lookup_count;
    for (model::Rule& rule : table.rules) {
      if (!name || rule.name != *name) continue;
      ++table.matched_count;
      ++rule.packets;
      rule.bytes += size;
    }
  };
  return out;
}

}  // namespace

std::optional<Taken> take_packet_out(const Asked& a) {
  if (a.is_slave()) return std::nullopt;
  model::Clauses unused;
  if (a.message[1] != OFPT_PACKET_OUT || a.message.size() < wire::packet_out::size) return std::nullopt;
  Reader r(a.message.subspan(8));
  const auto buffer_id = r.get<std::uint32_t>();
  const auto in_port = r.get<std::uint16_t>();
  const std::size_t length = r.get<std::uint16_t>();
  if (length % 8 != 0 || length > a.message.size() - wire::packet_out::size) return std::nullopt;
  const ByteView list = a.message.subspan(wire::packet_out::size, length);
  const ByteView frame = a.message.subspan(wire::packet_out::size + length);
  const Check decoded = ovs3::check_actions(list, {});
  const FlowKey key = model::extract(frame, in_port);
  ovs3::Layers layers{key.dl_type, key.nw_proto, key.tp_src, false};
  const Check check = ovs3::check_actions(list, layers);
  if (decoded.answer == Answer::unknown || check.answer == Answer::unknown) return leaves("newer-actions");
  const bool fragment = model::parse(frame, in_port, unused).ipv4_fragment || ipv6_fragment(frame);
  const bool fits = decoded.answer == Answer::takes || decoded.error == ovs3::kMatchInconsistent;
  const bool reserved =
      in_port >= OFPP_MAX && in_port != OFPP_LOCAL && in_port != OFPP_NONE && in_port != OFPP_CONTROLLER;
  if (!fits) return refused("action-errors", decoded.error);
  if (reserved) return std::nullopt;
  if (buffer_id != OFP_NO_BUFFER) return refused("no-buffers", kBufferUnknown);
  if (check.answer == Answer::refuses) return refused("action-errors", check.error);
  if (ovs3::loads_unchecked_bundle(list)) return leaves("bundle-load-unchecked");
  if (model::validate_actions(list, {key.dl_type, key.nw_proto}, unused)) return leaves("writable-fields");
  if (frame.size() < kShortest && !list.empty()) return take_short_frame(a, list, frame.size(), in_port);
  if (fragment && a.state.provider.drop_fragments) return leaves("fragments-by-anyone");
  constexpr std::uint32_t unheeded = OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_PACKET_IN;
  for (const model::Port& port : a.state.ports) {
    if ((port.config.config & unheeded) != 0) return leaves("port-config-of-packet-outs");
  }
  if (any_list(a.state, list, [](ByteView l) { return outputs_to(l, OFPP_NORMAL); })) return leaves("normal-learns");
  if (any_list(a.state, list, chooses_by_hash)) return leaves("hashes");
  if (odd_frame(frame, key) && any_rule_asks_for_layers(a.state)) return leaves("odd-frames");
  const bool plain = !fragment && plain_transport(frame, key);
  if (!plain && any_list(a.state, list, rewrites_headers)) return leaves("rewrites");
  if (resubmits_to_in_port(list) || rules_resubmit_to_in_port(a.state)) return leaves("resubmit-in-port");
  return std::nullopt;
}

}  // namespace oftwin::harness::live::ovs3

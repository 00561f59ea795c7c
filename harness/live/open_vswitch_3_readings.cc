// The readings of Open vSwitch 3, in the order in which it comes to them: why each is acceptable says the ledger.
#include <algorithm>
#include <array>

#include "harness/live/open_vswitch_3_parts.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "model/encode.h"
#include "spec/nicira.h"

namespace oftwin::harness::live {
namespace {

using namespace ovs3;

// The bit against the spanning tree can be set, too, and a port that is down has no link.
std::optional<Taken> take_port_mod(const Asked& a) {
  namespace w = wire::port_mod;
  if (a.is_slave()) return std::nullopt;
  if (a.message[1] != OFPT_PORT_MOD || a.message.size() != w::size) return std::nullopt;
  Reader r(a.message.subspan(w::port_no.offset));
  const auto number = r.get<std::uint16_t>();
  const Mac address = r.array<6>();
  const auto config = r.get<std::uint32_t>(), mask = r.get<std::uint32_t>();
  for (const model::Port& port : a.state.ports) {
    if (port.config.number != number || port.config.hw_addr != address) continue;
    const std::uint32_t changed = (port.config.config ^ config) & mask;
    const bool device = (changed & OFPPC_PORT_DOWN) != 0;
    if (!device && (changed & OFPPC_NO_STP) == 0) return std::nullopt;
    Taken out = as(device ? "port-down" : "no-stp", Bytes(a.message.begin(), a.message.end()));
    out.instead.then = [=](model::State& state, Memory&) {
      for (model::Port& p : state.ports) {
        if (p.config.number != number) continue;
        p.config.config ^= changed & OFPPC_NO_STP;
        p.config.state ^= device ? std::uint32_t{OFPPS_LINK_DOWN} : 0;
      }
    };
    return out;
  }
  return std::nullopt;
}

// Any service connection, a slave too, sets the handling of fragments, and there is a third.
std::optional<Taken> take_set_config(const Asked& a) {
  if (a.message[1] != OFPT_SET_CONFIG || a.message.size() != wire::switch_config::size) return std::nullopt;
  if (a.is_slave() && !a.is_service()) return std::nullopt;
  const unsigned fragments = a.message[9] & OFPC_FRAG_MASK;
  constexpr unsigned reassembled = 2, with_ports = OFPC_FRAG_MASK;
  if (fragments == reassembled) return std::nullopt;
  const bool drops = fragments == OFPC_FRAG_DROP, ports = fragments == with_ports;
  const bool by_law = a.conn.kind == ConnKind::primary && !a.is_slave() && !ports;
  if (a.memory.ports_of_fragments == ports && (by_law || a.state.provider.drop_fragments == drops)) return std::nullopt;
  Taken out = as("fragments-by-anyone", Bytes(a.message.begin(), a.message.end()));
  out.instead.then = [=](model::State& state, Memory& memory) {
    state.provider.drop_fragments = drops;
    memory.ports_of_fragments = ports;
  };
  return out;
}

// Either kind of actions that end the switch, in any message. What a damaged length field hides is not looked for. And
// what changes for good how, and which, packets are told: the format of packet-ins, which messages are wanted, the
// number of the controller; and monitors of flows, which go on telling.
std::string_view deadly(ByteView message) {
  constexpr std::array<std::uint8_t, 8> monitor = {0, 0, 0x23, 0x20, 0, 0, 0, 2};
  if (message[1] == OFPT_STATS_REQUEST && message.size() >= 20 && message[8] == 0xff && message[9] == 0xff &&
      std::equal(monitor.begin(), monitor.end(), message.begin() + 12)) {
    return "newer-messages";
  }
  for (const std::uint32_t subtype : {16u, 19u, 20u}) {
    if (is_nicira(message, subtype)) return "newer-messages";
  }
  ByteView actions;
  if (const auto fm = read_flow_mod(message)) {
    actions = fm->actions;
  } else if (message[1] == OFPT_PACKET_OUT && message.size() >= wire::packet_out::size) {
    const std::size_t length = std::size_t{message[14]} << 8 | message[15];
    actions = message.subspan(wire::packet_out::size, std::min(length, message.size() - wire::packet_out::size));
  }
  if (loads_unchecked_bundle(actions)) return "bundle-load-unchecked";
  return names_impossible_reason(actions) ? "impossible-reason" : "";
}

// Service connections have roles, too. The model has them as primaries (Judge::accepted_), so that this is the law.
std::optional<Taken> take_role(const Asked& a) {
  if (!is_nicira(a.message, NXT_ROLE_REQUEST) || a.message.size() != wire::nx_role::size) return std::nullopt;
  if (!a.is_service()) return std::nullopt;
  return as("roles-for-anyone", Bytes(a.message.begin(), a.message.end()));
}

// Whether the actions of a flow-mod fill a multiple of 8 bytes is asked before who sends it.
std::optional<Taken> take_slave(const Asked& a) {
  if (!a.is_slave() || a.message.size() % 8 == 0) return std::nullopt;
  const bool plain = a.message[1] == OFPT_FLOW_MOD && a.message.size() > wire::flow_mod::size;
  const bool extended = is_nicira(a.message, NXT_FLOW_MOD) && a.message.size() > wire::nx_flow_mod::size;
  if (!plain && !extended) return std::nullopt;
  return refused("slave-length", openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN));
}

// Everybody else that hears of ports hears of a port-mod that changed one; and then everybody of what became of the
// link.
std::vector<Told> tell_port_mod(ConnName by, const std::vector<model::Port>& ports, const model::State& after) {
  std::vector<Told> out;
  const auto tell = [&](const PortConfig& port, std::optional<ConnName> but) {
    for (const model::Connection& conn : after.connections) {
      if (conn.name == but || conn.link != model::Link::up) continue;
      out.push_back({conn.name, model::encode_port_status(OFPPR_MODIFY, port)});
    }
  };
  for (const model::Port& port : after.ports) {
    for (const model::Port& before : ports) {
      if (before.config.number != port.config.number || before.config == port.config) continue;
      PortConfig at_once = port.config;
      at_once.state = before.config.state;
      tell(at_once, by);
      if (at_once.state != port.config.state) tell(port.config, std::nullopt);
    }
  }
  return out;
}

// Messages that only a switch sends: how long they may be.
struct Sizes {
  std::size_t least, step;
};
std::optional<Sizes> sizes_of_reply(std::uint8_t type) {
  switch (type) {
    case OFPT_FEATURES_REPLY:
      return Sizes{wire::switch_features::size, wire::phy_port::size};
    case OFPT_GET_CONFIG_REPLY:
      return Sizes{wire::switch_config::size, 0};
    case OFPT_PACKET_IN:
      return Sizes{wire::packet_in::size, 1};
    case OFPT_FLOW_REMOVED:
      return Sizes{wire::flow_removed::size, 0};
    case OFPT_PORT_STATUS:
      return Sizes{wire::port_status::size, 0};
    case OFPT_BARRIER_REPLY:
      return Sizes{wire::header::size, 0};
    default:
      return std::nullopt;
  }
}

// Messages that came after 2011, and one of 2011 that is looked at more closely.
std::optional<Taken> take_message(const Asked& a) {
  const ByteView m = a.message;
  if (m[1] == OFPT_ERROR) {
    return refused(
        "answers-errors",
        openflow_error(OFPET_BAD_REQUEST, m.size() < wire::error_msg::size ? OFPBRC_BAD_LEN : OFPBRC_BAD_TYPE));
  }
  if (m[1] == OFPT_STATS_REPLY) return Taken{"not-for-a-switch", {How::answers, {}, {}, {}, {}, {}}, {}};
  if (const auto sizes = sizes_of_reply(m[1])) {
    const bool right = m.size() == sizes->least ||
                       (sizes->step > 0 && m.size() > sizes->least && (m.size() - sizes->least) % sizes->step == 0);
    if (!right) return refused("not-for-a-switch", openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN));
  }
  if (m[1] == OFPT_SET_CONFIG && m.size() == wire::switch_config::size && (m[8] != 0 || m[9] > 3)) {
    if (m[8] != 0 || m[9] > 7) return refused("config-flags", ovs3::kUnencodable);
    return leaves("config-flags");
  }
  Reader r(m.subspan(8));
  if (m[1] == OFPT_VENDOR && m.size() >= wire::vendor_msg::nicira_size) {
    const bool ours = r.get<std::uint32_t>() == NX_VENDOR_ID;
    const auto subtype = r.get<std::uint32_t>();
    constexpr std::uint32_t first_newer = 16, last_newer = 32, a_later_one = 132;
    if (ours && ((subtype >= first_newer && subtype <= last_newer) || subtype == a_later_one))
      return leaves("newer-messages");
  }
  constexpr std::uint8_t descriptions_of_ports = 13;
  if (m[1] == OFPT_STATS_REQUEST && m.size() >= wire::stats_msg::size && m[8] == 0 && m[9] == descriptions_of_ports) {
    if (m.size() > wire::stats_msg::size)
      return refused("newer-messages", openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_LEN));
    return Taken{"newer-messages", {How::answers, {}, {}, {}, {}, {}}, {}};
  }
  if (m[1] == OFPT_STATS_REQUEST && m.size() >= wire::nx_stats_msg::size - 4 && m[8] == 0xff && m[9] == 0xff) {
    r.take(4);
    const bool ours = r.get<std::uint32_t>() == NX_VENDOR_ID;
    if (ours && r.get<std::uint32_t>() > NXST_AGGREGATE)
      return Taken{"newer-messages", {How::answers, {}, {}, {}, {}, {}}, {}};
  }
  return std::nullopt;
}

std::optional<Taken> take(const Asked& a) {
  if (auto taken = take_message(a)) return taken;
  if (auto taken = take_role(a)) return taken;
  if (auto taken = take_slave(a)) return taken;
  if (const auto fm = read_flow_mod(a.message)) return take_flow_mod(a, *fm);
  if (auto taken = take_statistics(a)) return taken;
  if (auto taken = take_packet_out(a)) return taken;
  if (auto taken = take_port_mod(a)) return taken;
  return take_set_config(a);
}

constexpr std::array<std::string_view, 48> kReadings = {"nxm-errors",
                                                        "newer-fields",
                                                        "command-first",
                                                        "newer-actions",
                                                        "action-errors",
                                                        "undefined-flags",
                                                        "emergency",
                                                        "table-of-its-own",
                                                        "no-buffers",
                                                        "masks-of-its-own",
                                                        "newer-layers",
                                                        "is-ethernet",
                                                        "no-cookie",
                                                        "identical-flow",
                                                        "whole-request",
                                                        "default-queue",
                                                        "order-of-entries",
                                                        "fragments-by-anyone",
                                                        "resubmit-depth",
                                                        "whole-packets",
                                                        "action-limit",
                                                        "padding-of-actions",
                                                        "unsupported-counters",
                                                        "writable-fields",
                                                        "short-frame",
                                                        "no-stp",
                                                        "resubmit-in-port",
                                                        "strict-in-all-tables",
                                                        "bundle-load-unchecked",
                                                        "port-config-of-packet-outs",
                                                        "normal-learns",
                                                        "rewrites",
                                                        "roles-for-anyone",
                                                        "answers-errors",
                                                        "newer-messages",
                                                        "not-for-a-switch",
                                                        "config-flags",
                                                        "hashes",
                                                        "odd-frames",
                                                        "masked-destination",
                                                        "time-is-open",
                                                        "impossible-reason",
                                                        "port-mod-is-told",
                                                        "slave-length",
                                                        "port-down",

                                                        "unreceived-are-counted",
                                                        "spanning-tree-frames",
                                                        "misses-come-nevertheless"};

}  // namespace

const Dialect open_vswitch_3 = {"open-vswitch-3",   kReadings,     take,         take_frame, amend,
                                "normal-learns",    "is-ethernet", tell_removal, deadly,     "roles-for-anyone",
                                "port-mod-is-told", tell_port_mod};

}  // namespace oftwin::harness::live

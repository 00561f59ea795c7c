// Messages from a controller to a switch, as plain structs at wire level, and their bytes.
//
// Every field of the wire format is a field here, in the meaning that it has on the wire (a WireMatch keeps its
// wildcards word as sent), so decode_request() is exact: a message that it accepts is what encode() gives back, byte
// for byte. Padding is always zero; a message with anything else in it is not accepted, and is bytes to whoever asks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "spec/bytes.h"
#include "spec/event.h"
#include "spec/nicira.h"

namespace oftwin::harness {

using Mac = std::array<std::uint8_t, 6>;

// The xid that a message has when nobody cares: made from the event that carries it and its place in that event's bytes
// (from 1), so that a reply can name its request. e3's first message has 0x301.
constexpr std::uint32_t default_xid(std::uint32_t event_id, std::uint32_t index = 1) { return event_id << 8 | index; }

// source: OpenFlow 1.0 struct ofp_match.
struct WireMatch {
  std::uint32_t wildcards = OFPFW_ALL;
  std::uint16_t in_port = 0;
  Mac dl_src{}, dl_dst{};
  std::uint16_t dl_vlan = 0;
  std::uint8_t dl_vlan_pcp = 0;
  std::uint16_t dl_type = 0;
  std::uint8_t nw_tos = 0, nw_proto = 0;
  std::uint32_t nw_src = 0, nw_dst = 0;
  std::uint16_t tp_src = 0, tp_dst = 0;
  auto operator<=>(const WireMatch&) const = default;
};

namespace request {

struct Hello {
  std::uint32_t xid = 0;
  Bytes data;
  bool operator==(const Hello&) const = default;
};
struct EchoRequest {
  std::uint32_t xid = 0;
  Bytes data;
  bool operator==(const EchoRequest&) const = default;
};
struct EchoReply {
  std::uint32_t xid = 0;
  Bytes data;
  bool operator==(const EchoReply&) const = default;
};
struct FeaturesRequest {
  std::uint32_t xid = 0;
  bool operator==(const FeaturesRequest&) const = default;
};
struct GetConfigRequest {
  std::uint32_t xid = 0;
  bool operator==(const GetConfigRequest&) const = default;
};
struct SetConfig {
  std::uint32_t xid = 0;
  std::uint16_t flags = 0;          // OFPC_FRAG_*
  std::uint16_t miss_send_len = 0;  // bytes
  bool operator==(const SetConfig&) const = default;
};
struct BarrierRequest {
  std::uint32_t xid = 0;
  bool operator==(const BarrierRequest&) const = default;
};
// With a match of OpenFlow 1.0, or an extended one: its entries, without padding.
template <class M>
struct FlowModOf {
  std::uint32_t xid = 0;
  M match;
  std::uint64_t cookie = 0;
  std::uint16_t command = OFPFC_ADD;  // with flow-mod-table-id on: table << 8 | command
  std::uint16_t idle_timeout = 0, hard_timeout = 0;
  std::uint16_t priority = OFP_DEFAULT_PRIORITY;
  std::uint32_t buffer_id = OFP_NO_BUFFER;
  std::uint16_t out_port = OFPP_NONE;
  std::uint16_t flags = 0;
  Bytes actions;
  bool operator==(const FlowModOf&) const = default;
};
using FlowMod = FlowModOf<WireMatch>;
using NxFlowMod = FlowModOf<Bytes>;  // Nicira
struct PacketOut {
  std::uint32_t xid = 0;
  std::uint32_t buffer_id = OFP_NO_BUFFER;
  std::uint16_t in_port = OFPP_NONE;
  Bytes actions;  // at most 65535
  Bytes data;
  bool operator==(const PacketOut&) const = default;
};
struct PortMod {
  std::uint32_t xid = 0;
  std::uint16_t port = 0;
  Mac hw_addr{};
  std::uint32_t config = 0, mask = 0, advertise = 0;
  bool operator==(const PortMod&) const = default;
};
// Flow and aggregate statistics, with a match of either kind.
template <class M>
struct FlowStatsOf {
  std::uint32_t xid = 0;
  bool aggregate = false;
  M match;
  std::uint8_t table_id = OFP_ALL_TABLES;
  std::uint16_t out_port = OFPP_NONE;
  bool operator==(const FlowStatsOf&) const = default;
};
using FlowStats = FlowStatsOf<WireMatch>;
using NxFlowStats = FlowStatsOf<Bytes>;  // Nicira
struct PortStats {
  std::uint32_t xid = 0;
  std::uint16_t port = OFPP_NONE;
  bool operator==(const PortStats&) const = default;
};
struct QueueStats {
  std::uint32_t xid = 0;
  std::uint16_t port = OFPP_ALL;
  std::uint32_t queue = OFPQ_ALL;
  bool operator==(const QueueStats&) const = default;
};
struct QueueGetConfig {
  std::uint32_t xid = 0;
  std::uint16_t port = 1;
  bool operator==(const QueueGetConfig&) const = default;
};
// Description, table, and any other statistics: the body as it is.
struct Stats {
  std::uint32_t xid = 0;
  std::uint16_t type = OFPST_DESC;
  std::uint16_t flags = 0;
  Bytes body;
  bool operator==(const Stats&) const = default;
};
// Nicira: the flow-mod-table-id extension on or off.
struct FlowModTableId {
  std::uint32_t xid = 0;
  std::uint8_t set = 1;
  bool operator==(const FlowModTableId&) const = default;
};
struct Role {
  std::uint32_t xid = 0;
  std::uint32_t role = NX_ROLE_OTHER;
  bool operator==(const Role&) const = default;
};
struct SetFlowFormat {
  std::uint32_t xid = 0;
  std::uint32_t format = NXFF_OPENFLOW10;
  bool operator==(const SetFlowFormat&) const = default;
};
// Any other vendor message: what follows the vendor id, as it is.
struct Vendor {
  std::uint32_t xid = 0;
  std::uint32_t vendor = NX_VENDOR_ID;
  Bytes body;
  bool operator==(const Vendor&) const = default;
};

}  // namespace request

using Request =
    std::variant<request::Hello, request::EchoRequest, request::EchoReply, request::FeaturesRequest,
                 request::GetConfigRequest, request::SetConfig, request::BarrierRequest, request::QueueGetConfig,
                 request::FlowMod, request::PacketOut, request::PortMod, request::FlowStats, request::PortStats,
                 request::QueueStats, request::Stats, request::FlowModTableId, request::Role, request::SetFlowFormat,
                 request::NxFlowMod, request::NxFlowStats, request::Vendor>;

// The whole message. One longer than 65535 bytes does not exist: its length field is then what is left of it.
Bytes encode(const Request& r);
// Exactly one whole message; nullopt if it is none that encode() makes.
std::optional<Request> decode_request(ByteView message);

std::uint32_t xid_of(const Request& r);
void set_xid(Request& r, std::uint32_t xid);

// The 40 bytes of a match.
Bytes encode(const WireMatch& m);
WireMatchBytes wire_bytes(const WireMatch& m);
// What matches everything from this port; 0: everything.
WireMatch match_of_port(std::uint16_t in_port);
// Padding is ignored. `bytes` has at least 40.
WireMatch decode_match(ByteView bytes);

// The stream cut by the length field: whole messages, and what is left when the rest is not one (too short, or broken).
struct Cut {
  std::vector<ByteView> messages;
  ByteView rest;
};
Cut cut_messages(ByteView stream);

// --- Actions, as bytes to be concatenated ---------------------------------------------------------------------------
namespace action {
Bytes output(std::uint16_t port, std::uint16_t max_len = 0);
Bytes set_vlan_vid(std::uint16_t vid);
Bytes set_vlan_pcp(std::uint8_t pcp);
Bytes strip_vlan();
Bytes set_dl_src(const Mac& mac);
Bytes set_dl_dst(const Mac& mac);
Bytes set_nw_src(std::uint32_t address);
Bytes set_nw_dst(std::uint32_t address);
Bytes set_nw_tos(std::uint8_t tos);
Bytes set_tp_src(std::uint16_t port);
Bytes set_tp_dst(std::uint16_t port);
Bytes enqueue(std::uint16_t port, std::uint32_t queue);
}  // namespace action

}  // namespace oftwin::harness

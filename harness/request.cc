#include "harness/request.h"

#include "harness/wire_io.h"

namespace oftwin::harness {
namespace {

using namespace request;

Bytes header(OfpType type, std::uint32_t xid) {
  Bytes out;
  put<std::uint8_t>(out, OFP_VERSION);
  put<std::uint8_t>(out, type);
  put<std::uint16_t>(out, 0);
  put<std::uint32_t>(out, xid);
  return out;
}

Bytes with_data(OfpType type, std::uint32_t xid, ByteView data) {
  Bytes out = header(type, xid);
  put_bytes(out, data);
  return out;
}

Bytes stats(std::uint32_t xid, std::uint16_t type, std::uint16_t flags = 0) {
  Bytes out = header(OFPT_STATS_REQUEST, xid);
  put(out, type);
  put(out, flags);
  return out;
}

Bytes nicira(std::uint32_t xid, NxtSubtype subtype) {
  Bytes out = header(OFPT_VENDOR, xid);
  put<std::uint32_t>(out, NX_VENDOR_ID);
  put<std::uint32_t>(out, subtype);
  return out;
}

void put_padded(Bytes& out, ByteView match) {
  put_bytes(out, match);
  put_zeros(out, (8 - match.size() % 8) % 8);
}

struct Encoder {
  Bytes operator()(const Hello& m) const { return with_data(OFPT_HELLO, m.xid, m.data); }
  Bytes operator()(const EchoRequest& m) const { return with_data(OFPT_ECHO_REQUEST, m.xid, m.data); }
  Bytes operator()(const EchoReply& m) const { return with_data(OFPT_ECHO_REPLY, m.xid, m.data); }
  Bytes operator()(const FeaturesRequest& m) const { return header(OFPT_FEATURES_REQUEST, m.xid); }
  Bytes operator()(const GetConfigRequest& m) const { return header(OFPT_GET_CONFIG_REQUEST, m.xid); }
  Bytes operator()(const BarrierRequest& m) const { return header(OFPT_BARRIER_REQUEST, m.xid); }
  Bytes operator()(const SetConfig& m) const {
    Bytes out = header(OFPT_SET_CONFIG, m.xid);
    put(out, m.flags);
    put(out, m.miss_send_len);
    return out;
  }
  Bytes operator()(const FlowMod& m) const {
    Bytes out = header(OFPT_FLOW_MOD, m.xid);
    put_bytes(out, encode(m.match));
    put(out, m.cookie);
    put(out, m.command);
    put(out, m.idle_timeout);
    put(out, m.hard_timeout);
    put(out, m.priority);
    put(out, m.buffer_id);
    put(out, m.out_port);
    put(out, m.flags);
    put_bytes(out, m.actions);
    return out;
  }
  Bytes operator()(const PacketOut& m) const {
    Bytes out = header(OFPT_PACKET_OUT, m.xid);
    put(out, m.buffer_id);
    put(out, m.in_port);
    put(out, static_cast<std::uint16_t>(m.actions.size()));
    put_bytes(out, m.actions);
    put_bytes(out, m.data);
    return out;
  }
  Bytes operator()(const PortMod& m) const {
    Bytes out = header(OFPT_PORT_MOD, m.xid);
    put(out, m.port);
    put_bytes(out, m.hw_addr);
    put(out, m.config);
    put(out, m.mask);
    put(out, m.advertise);
    put_zeros(out, 4);
    return out;
  }
  Bytes operator()(const FlowStats& m) const {
    Bytes out = stats(m.xid, m.aggregate ? OFPST_AGGREGATE : OFPST_FLOW);
    put_bytes(out, encode(m.match));
    put(out, m.table_id);
    put_zeros(out, 1);
    put(out, m.out_port);
    return out;
  }
  Bytes operator()(const PortStats& m) const {
    Bytes out = stats(m.xid, OFPST_PORT);
    put(out, m.port);
    put_zeros(out, 6);
    return out;
  }
  Bytes operator()(const QueueStats& m) const {
    Bytes out = stats(m.xid, OFPST_QUEUE);
    put(out, m.port);
    put_zeros(out, 2);
    put(out, m.queue);
    return out;
  }
  Bytes operator()(const Stats& m) const {
    Bytes out = stats(m.xid, m.type, m.flags);
    put_bytes(out, m.body);
    return out;
  }
  Bytes operator()(const FlowModTableId& m) const {
    Bytes out = nicira(m.xid, NXT_FLOW_MOD_TABLE_ID);
    put(out, m.set);
    put_zeros(out, 7);
    return out;
  }
  Bytes operator()(const Role& m) const {
    Bytes out = nicira(m.xid, NXT_ROLE_REQUEST);
    put(out, m.role);
    return out;
  }
  Bytes operator()(const SetFlowFormat& m) const {
    Bytes out = nicira(m.xid, NXT_SET_FLOW_FORMAT);
    put(out, m.format);
    return out;
  }
  Bytes operator()(const NxFlowMod& m) const {
    Bytes out = nicira(m.xid, NXT_FLOW_MOD);
    put(out, m.cookie);
    put(out, m.command);
    put(out, m.idle_timeout);
    put(out, m.hard_timeout);
    put(out, m.priority);
    put(out, m.buffer_id);
    put(out, m.out_port);
    put(out, m.flags);
    put(out, static_cast<std::uint16_t>(m.match.size()));
    put_zeros(out, 6);
    put_padded(out, m.match);
    put_bytes(out, m.actions);
    return out;
  }
  Bytes operator()(const NxFlowStats& m) const {
    Bytes out = stats(m.xid, OFPST_VENDOR);
    put<std::uint32_t>(out, NX_VENDOR_ID);
    put<std::uint32_t>(out, m.aggregate ? NXST_AGGREGATE : NXST_FLOW);
    put_zeros(out, 4);
    put(out, m.out_port);
    put(out, static_cast<std::uint16_t>(m.match.size()));
    put(out, m.table_id);
    put_zeros(out, 3);
    put_padded(out, m.match);
    return out;
  }
  Bytes operator()(const Vendor& m) const {
    Bytes out = header(OFPT_VENDOR, m.xid);
    put(out, m.vendor);
    put_bytes(out, m.body);
    return out;
  }
};

Bytes copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

FlowMod read_flow_mod(Reader& r, std::uint32_t xid) {
  FlowMod m;
  m.xid = xid;
  ByteView match = r.take(wire::match::size);
  if (!r.ok()) return m;
  m.match = decode_match(match);
  m.cookie = r.get<std::uint64_t>();
  m.command = r.get<std::uint16_t>();
  m.idle_timeout = r.get<std::uint16_t>();
  m.hard_timeout = r.get<std::uint16_t>();
  m.priority = r.get<std::uint16_t>();
  m.buffer_id = r.get<std::uint32_t>();
  m.out_port = r.get<std::uint16_t>();
  m.flags = r.get<std::uint16_t>();
  m.actions = copy(r.rest());
  return m;
}

// Behind the subtype.
NxFlowMod read_nx_flow_mod(Reader& r, std::uint32_t xid) {
  NxFlowMod m;
  m.xid = xid;
  m.cookie = r.get<std::uint64_t>();
  m.command = r.get<std::uint16_t>();
  m.idle_timeout = r.get<std::uint16_t>();
  m.hard_timeout = r.get<std::uint16_t>();
  m.priority = r.get<std::uint16_t>();
  m.buffer_id = r.get<std::uint32_t>();
  m.out_port = r.get<std::uint16_t>();
  m.flags = r.get<std::uint16_t>();
  const std::size_t length = r.get<std::uint16_t>();
  r.take(6);
  m.match = copy(r.take(length));
  r.take((8 - length % 8) % 8);
  m.actions = copy(r.rest());
  return m;
}

// Behind the statistics' flags.
NxFlowStats read_nx_flow_stats(Reader& r, std::uint32_t xid) {
  NxFlowStats m;
  m.xid = xid;
  r.take(4);
  m.aggregate = r.get<std::uint32_t>() == NXST_AGGREGATE;
  r.take(4);
  m.out_port = r.get<std::uint16_t>();
  const std::size_t length = r.get<std::uint16_t>();
  m.table_id = r.get<std::uint8_t>();
  r.take(3);
  m.match = copy(r.take(length));
  return m;
}

PacketOut read_packet_out(Reader& r, std::uint32_t xid) {
  PacketOut m;
  m.xid = xid;
  m.buffer_id = r.get<std::uint32_t>();
  m.in_port = r.get<std::uint16_t>();
  m.actions = copy(r.take(r.get<std::uint16_t>()));
  m.data = copy(r.rest());
  return m;
}

PortMod read_port_mod(Reader& r, std::uint32_t xid) {
  PortMod m;
  m.xid = xid;
  m.port = r.get<std::uint16_t>();
  m.hw_addr = r.array<6>();
  m.config = r.get<std::uint32_t>();
  m.mask = r.get<std::uint32_t>();
  m.advertise = r.get<std::uint32_t>();
  r.take(4);
  return m;
}

// The most telling struct that may fit; decode_request() checks that it does.
Request read_stats(ByteView message, std::uint32_t xid) {
  Reader r(message.subspan(wire::header::size));
  auto type = r.get<std::uint16_t>();
  auto flags = r.get<std::uint16_t>();
  Stats any{xid, type, flags, copy(r.rest())};
  Reader body(any.body);
  Request out = any;
  if (flags != 0) return out;
  if ((type == OFPST_FLOW || type == OFPST_AGGREGATE) &&
      any.body.size() == wire::flow_stats_request::size - wire::stats_msg::size) {
    FlowStats m{xid, type == OFPST_AGGREGATE, decode_match(body.take(wire::match::size)), 0, 0};
    m.table_id = body.get<std::uint8_t>();
    body.take(1);
    m.out_port = body.get<std::uint16_t>();
    out = m;
  } else if (type == OFPST_PORT) {
    out = PortStats{xid, body.get<std::uint16_t>()};
  } else if (type == OFPST_QUEUE) {
    QueueStats m{xid, body.get<std::uint16_t>(), 0};
    body.take(2);
    m.queue = body.get<std::uint32_t>();
    out = m;
  } else if (type == OFPST_VENDOR) {
    out = read_nx_flow_stats(body, xid);
  }
  return encode(out) == copy(message) ? out : any;
}

Request read_vendor(ByteView message, std::uint32_t xid) {
  Reader r(message.subspan(wire::header::size));
  auto vendor = r.get<std::uint32_t>();
  Vendor any{xid, vendor, copy(r.rest())};
  Reader body(any.body);
  Request out = any;
  if (vendor != NX_VENDOR_ID || any.body.size() < 8) return out;
  switch (body.get<std::uint32_t>()) {
    case NXT_FLOW_MOD_TABLE_ID:
      out = FlowModTableId{xid, body.get<std::uint8_t>()};
      break;
    case NXT_FLOW_MOD:
      out = read_nx_flow_mod(body, xid);
      break;
    case NXT_ROLE_REQUEST:
      out = Role{xid, body.get<std::uint32_t>()};
      break;
    case NXT_SET_FLOW_FORMAT:
      out = SetFlowFormat{xid, body.get<std::uint32_t>()};
      break;
    default:
      return out;
  }
  return encode(out) == copy(message) ? out : any;
}

std::optional<Request> read(ByteView message) {
  Reader r(message);
  if (r.get<std::uint8_t>() != OFP_VERSION) return std::nullopt;
  auto type = r.get<std::uint8_t>();
  if (r.get<std::uint16_t>() != message.size()) return std::nullopt;
  auto xid = r.get<std::uint32_t>();
  switch (type) {
    case OFPT_HELLO:
      return Hello{xid, copy(r.rest())};
    case OFPT_ECHO_REQUEST:
      return EchoRequest{xid, copy(r.rest())};
    case OFPT_ECHO_REPLY:
      return EchoReply{xid, copy(r.rest())};
    case OFPT_FEATURES_REQUEST:
      return FeaturesRequest{xid};
    case OFPT_GET_CONFIG_REQUEST:
      return GetConfigRequest{xid};
    case OFPT_SET_CONFIG: {
      SetConfig m{xid, r.get<std::uint16_t>(), 0};
      m.miss_send_len = r.get<std::uint16_t>();
      return m;
    }
    case OFPT_BARRIER_REQUEST:
      return BarrierRequest{xid};
    case OFPT_FLOW_MOD:
      return read_flow_mod(r, xid);
    case OFPT_PACKET_OUT:
      return read_packet_out(r, xid);
    case OFPT_PORT_MOD:
      return read_port_mod(r, xid);
    case OFPT_STATS_REQUEST:
      return read_stats(message, xid);
    case OFPT_VENDOR:
      return read_vendor(message, xid);
    default:
      return std::nullopt;
  }
}

Bytes one_action(OfpActionType type, std::uint16_t len) {
  Bytes out;
  put<std::uint16_t>(out, type);
  put(out, len);
  return out;
}

template <class T>
Bytes small_action(OfpActionType type, T value) {
  Bytes out = one_action(type, 8);
  put(out, value);
  put_zeros(out, 4 - sizeof(T));
  return out;
}

Bytes mac_action(OfpActionType type, const Mac& mac) {
  Bytes out = one_action(type, 16);
  put_bytes(out, mac);
  put_zeros(out, 6);
  return out;
}

}  // namespace

Bytes encode(const Request& r) {
  Bytes out = std::visit(Encoder{}, r);
  set_u16(out, 2, out.size());
  return out;
}

std::optional<Request> decode_request(ByteView message) {
  if (message.size() < wire::header::size) return std::nullopt;
  std::optional<Request> out = read(message);
  if (!out) return std::nullopt;
  Bytes again = encode(*out);
  return std::equal(again.begin(), again.end(), message.begin(), message.end()) ? out : std::nullopt;
}

std::uint32_t xid_of(const Request& r) {
  return std::visit([](const auto& m) { return m.xid; }, r);
}

void set_xid(Request& r, std::uint32_t xid) {
  std::visit([xid](auto& m) { m.xid = xid; }, r);
}

Bytes encode(const WireMatch& m) {
  Bytes out;
  put(out, m.wildcards);
  put(out, m.in_port);
  put_bytes(out, m.dl_src);
  put_bytes(out, m.dl_dst);
  put(out, m.dl_vlan);
  put(out, m.dl_vlan_pcp);
  put_zeros(out, 1);
  put(out, m.dl_type);
  put(out, m.nw_tos);
  put(out, m.nw_proto);
  put_zeros(out, 2);
  put(out, m.nw_src);
  put(out, m.nw_dst);
  put(out, m.tp_src);
  put(out, m.tp_dst);
  return out;
}

WireMatchBytes wire_bytes(const WireMatch& m) {
  WireMatchBytes out{};
  std::ranges::copy(encode(m), out.begin());
  return out;
}

WireMatch match_of_port(std::uint16_t in_port) {
  WireMatch m;
  if (in_port != 0) m.wildcards &= ~OFPFW_IN_PORT;
  m.in_port = in_port;
  return m;
}

WireMatch decode_match(ByteView bytes) {
  Reader r(bytes);
  WireMatch m;
  m.wildcards = r.get<std::uint32_t>();
  m.in_port = r.get<std::uint16_t>();
  m.dl_src = r.array<6>();
  m.dl_dst = r.array<6>();
  m.dl_vlan = r.get<std::uint16_t>();
  m.dl_vlan_pcp = r.get<std::uint8_t>();
  r.take(1);
  m.dl_type = r.get<std::uint16_t>();
  m.nw_tos = r.get<std::uint8_t>();
  m.nw_proto = r.get<std::uint8_t>();
  r.take(2);
  m.nw_src = r.get<std::uint32_t>();
  m.nw_dst = r.get<std::uint32_t>();
  m.tp_src = r.get<std::uint16_t>();
  m.tp_dst = r.get<std::uint16_t>();
  return m;
}

Cut cut_messages(ByteView stream) {
  Cut cut;
  while (stream.size() >= wire::header::size) {
    std::size_t length = static_cast<std::size_t>(stream[2] << 8 | stream[3]);
    if (stream[0] != OFP_VERSION || length < wire::header::size || length > stream.size()) break;
    cut.messages.push_back(stream.first(length));
    stream = stream.subspan(length);
  }
  cut.rest = stream;
  return cut;
}

namespace action {

Bytes output(std::uint16_t port, std::uint16_t max_len) {
  Bytes out = one_action(OFPAT_OUTPUT, 8);
  put(out, port);
  put(out, max_len);
  return out;
}
Bytes set_vlan_vid(std::uint16_t vid) { return small_action(OFPAT_SET_VLAN_VID, vid); }
Bytes set_vlan_pcp(std::uint8_t pcp) { return small_action(OFPAT_SET_VLAN_PCP, pcp); }
Bytes strip_vlan() { return small_action<std::uint32_t>(OFPAT_STRIP_VLAN, 0); }
Bytes set_dl_src(const Mac& mac) { return mac_action(OFPAT_SET_DL_SRC, mac); }
Bytes set_dl_dst(const Mac& mac) { return mac_action(OFPAT_SET_DL_DST, mac); }
Bytes set_nw_src(std::uint32_t address) { return small_action(OFPAT_SET_NW_SRC, address); }
Bytes set_nw_dst(std::uint32_t address) { return small_action(OFPAT_SET_NW_DST, address); }
Bytes set_nw_tos(std::uint8_t tos) { return small_action(OFPAT_SET_NW_TOS, tos); }
Bytes set_tp_src(std::uint16_t port) { return small_action(OFPAT_SET_TP_SRC, port); }
Bytes set_tp_dst(std::uint16_t port) { return small_action(OFPAT_SET_TP_DST, port); }
Bytes enqueue(std::uint16_t port, std::uint32_t queue) {
  Bytes out = one_action(OFPAT_ENQUEUE, 16);
  put(out, port);
  put_zeros(out, 6);
  put(out, queue);
  return out;
}

}  // namespace action
}  // namespace oftwin::harness

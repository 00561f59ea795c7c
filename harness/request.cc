#include "harness/request.h"

#include <algorithm>
#include <concepts>
#include <type_traits>

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

// --- What tells a message's kind -------------------------------------------------------------------------------------

struct Opening {
  Bytes operator()(const Hello& m) const { return header(OFPT_HELLO, m.xid); }
  Bytes operator()(const EchoRequest& m) const { return header(OFPT_ECHO_REQUEST, m.xid); }
  Bytes operator()(const EchoReply& m) const { return header(OFPT_ECHO_REPLY, m.xid); }
  Bytes operator()(const FeaturesRequest& m) const { return header(OFPT_FEATURES_REQUEST, m.xid); }
  Bytes operator()(const GetConfigRequest& m) const { return header(OFPT_GET_CONFIG_REQUEST, m.xid); }
  Bytes operator()(const BarrierRequest& m) const { return header(OFPT_BARRIER_REQUEST, m.xid); }
  Bytes operator()(const QueueGetConfig& m) const { return header(OFPT_QUEUE_GET_CONFIG_REQUEST, m.xid); }
  Bytes operator()(const SetConfig& m) const { return header(OFPT_SET_CONFIG, m.xid); }
  Bytes operator()(const FlowMod& m) const { return header(OFPT_FLOW_MOD, m.xid); }
  Bytes operator()(const PacketOut& m) const { return header(OFPT_PACKET_OUT, m.xid); }
  Bytes operator()(const PortMod& m) const { return header(OFPT_PORT_MOD, m.xid); }
  Bytes operator()(const FlowStats& m) const { return stats(m.xid, m.aggregate ? OFPST_AGGREGATE : OFPST_FLOW); }
  Bytes operator()(const PortStats& m) const { return stats(m.xid, OFPST_PORT); }
  Bytes operator()(const QueueStats& m) const { return stats(m.xid, OFPST_QUEUE); }
  Bytes operator()(const Stats& m) const { return stats(m.xid, m.type, m.flags); }
  Bytes operator()(const NxFlowStats& m) const {
    Bytes out = stats(m.xid, OFPST_VENDOR);
    put<std::uint32_t>(out, NX_VENDOR_ID);
    put<std::uint32_t>(out, m.aggregate ? NXST_AGGREGATE : NXST_FLOW);
    return out;
  }
  Bytes operator()(const FlowModTableId& m) const { return nicira(m.xid, NXT_FLOW_MOD_TABLE_ID); }
  Bytes operator()(const Role& m) const { return nicira(m.xid, NXT_ROLE_REQUEST); }
  Bytes operator()(const SetFlowFormat& m) const { return nicira(m.xid, NXT_SET_FLOW_FORMAT); }
  Bytes operator()(const NxFlowMod& m) const { return nicira(m.xid, NXT_FLOW_MOD); }
  Bytes operator()(const Vendor& m) const { return header(OFPT_VENDOR, m.xid); }
};

// --- What stands behind it, said once for both directions ------------------------------------------------------------

template <class T, class... Kinds>
concept Is = (std::same_as<std::remove_const_t<T>, Kinds> || ...);

// `io(field, ...)` puts the fields, or takes them; io.zeros() is padding, io.rest() all that is left. io.length() is
// the length of bytes that io.counted() or io.padded() (to a multiple of 8) puts or takes further on.
template <class Io, Is<WireMatch> M>
void layout(Io& io, M& m) {
  io(m.wildcards, m.in_port, m.dl_src, m.dl_dst, m.dl_vlan, m.dl_vlan_pcp);
  io.zeros(1);
  io(m.dl_type, m.nw_tos, m.nw_proto);
  io.zeros(2);
  io(m.nw_src, m.nw_dst, m.tp_src, m.tp_dst);
}
template <class Io, Is<FeaturesRequest, GetConfigRequest, BarrierRequest> M>
void layout(Io&, M&) {}
template <class Io, Is<Hello, EchoRequest, EchoReply> M>
void layout(Io& io, M& m) {
  io.rest(m.data);
}
template <class Io, Is<Stats> M>
void layout(Io& io, M& m) {
  io.rest(m.body);
}
template <class Io, Is<SetConfig> M>
void layout(Io& io, M& m) {
  io(m.flags, m.miss_send_len);
}
template <class Io, class M>
void flow_mod_numbers(Io& io, M& m) {
  io(m.cookie, m.command, m.idle_timeout, m.hard_timeout, m.priority, m.buffer_id, m.out_port, m.flags);
}
template <class Io, Is<FlowMod> M>
void layout(Io& io, M& m) {
  layout(io, m.match);
  flow_mod_numbers(io, m);
  io.rest(m.actions);
}
template <class Io, Is<NxFlowMod> M>
void layout(Io& io, M& m) {
  flow_mod_numbers(io, m);
  io.length(m.match);
  io.zeros(6);
  io.padded(m.match);
  io.rest(m.actions);
}
template <class Io, Is<PacketOut> M>
void layout(Io& io, M& m) {
  io(m.buffer_id, m.in_port);
  io.length(m.actions);
  io.counted(m.actions);
  io.rest(m.data);
}
template <class Io, Is<PortMod> M>
void layout(Io& io, M& m) {
  io(m.port, m.hw_addr, m.config, m.mask, m.advertise);
  io.zeros(4);
}
template <class Io, Is<FlowStats> M>
void layout(Io& io, M& m) {
  layout(io, m.match);
  io(m.table_id);
  io.zeros(1);
  io(m.out_port);
}
template <class Io, Is<NxFlowStats> M>
void layout(Io& io, M& m) {
  io.zeros(4);
  io(m.out_port);
  io.length(m.match);
  io(m.table_id);
  io.zeros(3);
  io.padded(m.match);
}
template <class Io, Is<PortStats> M>
void layout(Io& io, M& m) {
  io(m.port);
  io.zeros(6);
}
template <class Io, Is<QueueGetConfig> M>
void layout(Io& io, M& m) {
  io(m.port);
  io.zeros(2);
}
template <class Io, Is<QueueStats> M>
void layout(Io& io, M& m) {
  io(m.port);
  io.zeros(2);
  io(m.queue);
}
template <class Io, Is<FlowModTableId> M>
void layout(Io& io, M& m) {
  io(m.set);
  io.zeros(7);
}
template <class Io, Is<Role> M>
void layout(Io& io, M& m) {
  io(m.role);
}
template <class Io, Is<SetFlowFormat> M>
void layout(Io& io, M& m) {
  io(m.format);
}
template <class Io, Is<Vendor> M>
void layout(Io& io, M& m) {
  io(m.vendor);
  io.rest(m.body);
}

std::size_t padding(std::size_t length) { return (8 - length % 8) % 8; }

struct Putter {
  Bytes& out;

  template <class... T>
  void operator()(const T&... field) {
    (one(field), ...);
  }
  template <std::integral T>
  void one(T field) {
    put(out, field);
  }
  void one(const Mac& field) { put_bytes(out, field); }
  void zeros(std::size_t n) { put_zeros(out, n); }
  void length(const Bytes& bytes) { put(out, static_cast<std::uint16_t>(bytes.size())); }
  void counted(const Bytes& bytes) { put_bytes(out, bytes); }
  void padded(const Bytes& bytes) {
    counted(bytes);
    zeros(padding(bytes.size()));
  }
  void rest(const Bytes& bytes) { put_bytes(out, bytes); }
};

// What is not there reads as zero; whoever asks compares what comes out of it with the message.
struct Taker {
  Reader in;
  std::size_t counts = 0;

  template <class... T>
  void operator()(T&... field) {
    (one(field), ...);
  }
  template <std::integral T>
  void one(T& field) {
    field = in.get<T>();
  }
  void one(Mac& field) { field = in.array<6>(); }
  void zeros(std::size_t n) { in.take(n); }
  void length(const Bytes&) { counts = in.get<std::uint16_t>(); }
  void counted(Bytes& bytes) { rest_of(bytes, in.take(counts)); }
  void padded(Bytes& bytes) {
    counted(bytes);
    zeros(padding(counts));
  }
  void rest(Bytes& bytes) { rest_of(bytes, in.rest()); }

 private:
  static void rest_of(Bytes& bytes, ByteView taken) { bytes.assign(taken.begin(), taken.end()); }
};

template <class M>
M taken(ByteView bytes, M m = {}) {
  Taker io{Reader(bytes)};
  layout(io, m);
  return m;
}
template <class M>
M taken(ByteView bytes, std::uint32_t xid) {
  M m = taken<M>(bytes);
  m.xid = xid;
  return m;
}

// --- Which kind it is ------------------------------------------------------------------------------------------------

// The most telling struct that may fit, if it does; otherwise `any`, which always does.
Request fitting(ByteView message, const Request& told, const Request& any) {
  const Bytes again = encode(told);
  return std::ranges::equal(again, message) ? told : any;
}

Request read_stats(ByteView message, std::uint32_t xid) {
  Reader r(message.subspan(wire::header::size));
  const auto type = r.get<std::uint16_t>();
  const auto flags = r.get<std::uint16_t>();
  const ByteView body = r.rest();
  Request any = Stats{xid, type, flags, Bytes(body.begin(), body.end())};
  if (flags != 0) return any;
  switch (type) {
    case OFPST_FLOW:
    case OFPST_AGGREGATE:
      return fitting(message, taken(body, FlowStats{xid, type == OFPST_AGGREGATE, {}}), any);
    case OFPST_PORT:
      return fitting(message, taken<PortStats>(body, xid), any);
    case OFPST_QUEUE:
      return fitting(message, taken<QueueStats>(body, xid), any);
    case OFPST_VENDOR: {
      Reader subtype(body);
      subtype.take(4);  // the vendor
      const bool aggregate = subtype.get<std::uint32_t>() == NXST_AGGREGATE;
      return fitting(message, taken(subtype.rest(), NxFlowStats{xid, aggregate, {}}), any);
    }
    default:
      return any;
  }
}

Request read_vendor(ByteView message, std::uint32_t xid) {
  const ByteView body = message.subspan(wire::header::size);
  Request any = taken<Vendor>(body, xid);
  if (body.size() < 12) return any;
  Reader r(body);
  if (r.get<std::uint32_t>() != NX_VENDOR_ID) return any;
  const auto subtype = r.get<std::uint32_t>();
  switch (subtype) {
    case NXT_FLOW_MOD_TABLE_ID:
      return fitting(message, taken<FlowModTableId>(r.rest(), xid), any);
    case NXT_FLOW_MOD:
      return fitting(message, taken<NxFlowMod>(r.rest(), xid), any);
    case NXT_ROLE_REQUEST:
      return fitting(message, taken<Role>(r.rest(), xid), any);
    case NXT_SET_FLOW_FORMAT:
      return fitting(message, taken<SetFlowFormat>(r.rest(), xid), any);
    default:
      return any;
  }
}

std::optional<Request> read(ByteView message) {
  Reader r(message);
  if (r.get<std::uint8_t>() != OFP_VERSION) return std::nullopt;
  auto type = r.get<std::uint8_t>();
  if (r.get<std::uint16_t>() != message.size()) return std::nullopt;
  auto xid = r.get<std::uint32_t>();
  switch (type) {
    case OFPT_HELLO:
      return taken<Hello>(r.rest(), xid);
    case OFPT_ECHO_REQUEST:
      return taken<EchoRequest>(r.rest(), xid);
    case OFPT_ECHO_REPLY:
      return taken<EchoReply>(r.rest(), xid);
    case OFPT_FEATURES_REQUEST:
      return FeaturesRequest{xid};
    case OFPT_GET_CONFIG_REQUEST:
      return GetConfigRequest{xid};
    case OFPT_SET_CONFIG:
      return taken<SetConfig>(r.rest(), xid);
    case OFPT_BARRIER_REQUEST:
      return BarrierRequest{xid};
    case OFPT_QUEUE_GET_CONFIG_REQUEST:
      return taken<QueueGetConfig>(r.rest(), xid);
    case OFPT_FLOW_MOD:
      return taken<FlowMod>(r.rest(), xid);
    case OFPT_PACKET_OUT:
      return taken<PacketOut>(r.rest(), xid);
    case OFPT_PORT_MOD:
      return taken<PortMod>(r.rest(), xid);
    case OFPT_STATS_REQUEST:
      return read_stats(message, xid);
    case OFPT_VENDOR:
      return read_vendor(message, xid);
    default:
      return std::nullopt;
  }
}

}  // namespace

Bytes encode(const Request& r) {
  Bytes out = std::visit(Opening{}, r);
  Putter io{out};
  std::visit([&io](const auto& m) { layout(io, m); }, r);
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
  Putter io{out};
  layout(io, m);
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

WireMatch decode_match(ByteView bytes) { return taken(bytes, WireMatch{}); }

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

}  // namespace oftwin::harness

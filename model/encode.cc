// From what the switch says to bytes. Invariant: the length field is the length.
#include "model/encode.h"

#include <algorithm>
#include <bit>

#include "model/decode.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::size_t kLongest = 0xffff;  // bytes in a message

Bytes message(std::uint8_t type, std::uint32_t xid, std::size_t size) {
  Bytes out(size);
  put(out, wire::header::version, OFP_VERSION);
  put(out, wire::header::type, type);
  put(out, wire::header::length, size);
  put(out, wire::header::xid, xid);
  return out;
}

Bytes nicira_message(NxtSubtype subtype, std::uint32_t xid, std::size_t size) {
  Bytes out = message(OFPT_VENDOR, xid, size);
  put(out, wire::vendor_msg::vendor, NX_VENDOR_ID);
  put(out, wire::vendor_msg::subtype, subtype);
  return out;
}

void append(Bytes& out, ByteView tail) {
  out.insert(out.end(), tail.begin(), tail.end());
  put(out, wire::header::length, out.size());
}

// Cut so that a zero byte always ends it.
void put_text(Bytes& out, wire::Field field, std::string_view text, std::size_t base = 0) {
  const std::string_view cut = text.substr(0, field.size - 1);
  std::copy(cut.begin(), cut.end(), out.begin() + static_cast<std::ptrdiff_t>(base + field.offset));
}

void put_duration(Bytes& out, wire::Field seconds, wire::Field nanoseconds, std::uint64_t ms) {
  put(out, seconds, ms / 1000);
  put(out, nanoseconds, ms % 1000 * 1000000);
}

// Appends the match and its padding; returns its length without.
std::size_t append_nxm(Bytes& out, const Match& match) {
  const Bytes entries = encode_nxm(match);
  out.insert(out.end(), entries.begin(), entries.end());
  out.resize(out.size() + (8 - entries.size() % 8) % 8);
  return entries.size();
}

// OpenFlow 1.0 has no word for "unknown".
std::uint64_t known(std::uint64_t counter) { return counter == UINT64_MAX ? 0 : counter; }

void put_port(Bytes& out, std::size_t at, const PortConfig& port) {
  namespace w = wire::phy_port;
  put(out, w::port_no, port.number, at);
  std::copy(port.hw_addr.begin(), port.hw_addr.end(),
            out.begin() + static_cast<std::ptrdiff_t>(at + w::hw_addr.offset));
  put_text(out, w::name, port.name, at);
  put(out, w::config, port.config, at);
  put(out, w::state, port.state, at);
  put(out, w::curr, port.curr, at);
  put(out, w::advertised, port.advertised, at);
  put(out, w::supported, port.supported, at);
  put(out, w::peer, port.peer, at);
}

constexpr std::uint64_t kAllButMulticast = 0xfeffffffffff;  // of an Ethernet destination

std::uint32_t wildcarded_bits(std::uint32_t mask) {
  return mask == 0 ? 32u : static_cast<std::uint32_t>(std::countr_zero(mask));
}

// Sets the VLAN fields and returns their wildcards.
std::uint32_t put_vlan(Bytes& out, std::size_t at, Masked<std::uint16_t> tci) {
  constexpr std::uint16_t vid = 0x0fff, pcp = 0xe000, present = 0x1000;
  if (tci.mask == 0) return OFPFW_DL_VLAN | OFPFW_DL_VLAN_PCP;
  if ((tci.mask & present) && !(tci.value & present)) {
    put(out, wire::match::dl_vlan, OFP_VLAN_NONE, at);
    return 0;
  }
  put(out, wire::match::dl_vlan, tci.value & tci.mask & vid, at);
  put(out, wire::match::dl_vlan_pcp, static_cast<std::uint64_t>((tci.value & tci.mask & pcp) >> 13), at);
  return (tci.mask & vid ? 0u : OFPFW_DL_VLAN) | (tci.mask & pcp ? 0u : OFPFW_DL_VLAN_PCP);
}

// The room that a record of an extended reply is given (NXM-16).
std::size_t reserved(const Bytes& record) {
  namespace w = wire::nx_flow_stats;
  if (record.size() == wire::nx_aggregate_stats::size) return record.size();
  return record.size() + w::longest_match - (get<std::size_t>(record, w::match_len) + 7) / 8 * 8;
}

}  // namespace

void encode_match(Bytes& out, std::size_t at, const Match& m) {
  namespace w = wire::match;
  std::uint32_t wildcards = put_vlan(out, at, m.vlan_tci);
  const auto field = [&](wire::Field f, const auto& masked, std::uint32_t bit) {
    put(out, f, masked.value, at);
    if (masked.mask == 0) wildcards |= bit;
  };
  field(w::in_port, m.in_port, OFPFW_IN_PORT);
  field(w::dl_src, m.dl_src, OFPFW_DL_SRC);
  field(w::dl_dst, m.dl_dst, 0);
  if ((m.dl_dst.mask & kAllButMulticast) == 0) wildcards |= OFPFW_DL_DST;
  field(w::dl_type, m.dl_type, OFPFW_DL_TYPE);
  field(w::nw_tos, m.nw_tos, OFPFW_NW_TOS);
  field(w::nw_proto, m.nw_proto, OFPFW_NW_PROTO);
  field(w::tp_src, m.tp_src, OFPFW_TP_SRC);
  field(w::tp_dst, m.tp_dst, OFPFW_TP_DST);
  field(w::nw_src, m.nw_src, 0);
  field(w::nw_dst, m.nw_dst, 0);
  wildcards |= wildcarded_bits(m.nw_src.mask) << OFPFW_NW_SRC_SHIFT;
  wildcards |= wildcarded_bits(m.nw_dst.mask) << OFPFW_NW_DST_SHIFT;
  put(out, w::wildcards, wildcards, at);
}

Bytes encode_echo_reply(ByteView request) {
  Bytes out(request.begin(), request.end());
  put(out, wire::header::version, OFP_VERSION);
  put(out, wire::header::type, OFPT_ECHO_REPLY);
  return out;
}

Bytes encode_barrier_reply(std::uint32_t xid) { return message(OFPT_BARRIER_REPLY, xid, wire::header::size); }

Bytes encode_role_reply(std::uint32_t xid, Role role) {
  Bytes out = nicira_message(NXT_ROLE_REPLY, xid, wire::nx_role::size);
  put(out, wire::nx_role::role, static_cast<std::uint32_t>(role));
  return out;
}

Bytes encode_features_reply(std::uint32_t xid, const State& state) {
  namespace w = wire::switch_features;
  const std::size_t ports = std::min(state.ports.size(), (kLongest - w::size) / wire::phy_port::size);
  Bytes out = message(OFPT_FEATURES_REPLY, xid, w::size + ports * wire::phy_port::size);
  put(out, w::datapath_id, state.config.datapath_id);
  put(out, w::n_buffers, state.config.n_buffers);
  put(out, w::n_tables, state.tables.size());
  put(out, w::capabilities, state.config.capabilities);
  put(out, w::actions, state.config.actions);
  for (std::size_t i = 0; i < ports; ++i) put_port(out, w::size + i * wire::phy_port::size, state.ports[i].config);
  return out;
}

Bytes encode_get_config_reply(std::uint32_t xid, bool drop_fragments, std::uint16_t miss_send_len) {
  Bytes out = message(OFPT_GET_CONFIG_REPLY, xid, wire::switch_config::size);
  put(out, wire::switch_config::flags, drop_fragments ? OFPC_FRAG_DROP : OFPC_FRAG_NORMAL);
  put(out, wire::switch_config::miss_send_len, miss_send_len);
  return out;
}

Bytes encode_error(Error error, ByteView request) {
  const bool nicira = error.space == ErrorSpace::nicira;
  Bytes out = message(OFPT_ERROR, get(request, wire::header::xid),
                      nicira ? wire::nx_vendor_error::size : wire::error_msg::size);
  if (nicira) {
    put(out, wire::error_msg::type, NXET_VENDOR);
    put(out, wire::error_msg::code, NXVC_VENDOR_ERROR);
    put(out, wire::nx_vendor_error::vendor, NX_VENDOR_ID);
    put(out, wire::nx_vendor_error::type, error.type);
    put(out, wire::nx_vendor_error::code, error.code);
  } else {
    put(out, wire::error_msg::type, error.type);
    put(out, wire::error_msg::code, error.code);
  }
  append(out, request.first(std::min(request.size(), OFP_ERROR_REQUEST_BYTES)));
  return out;
}

Bytes encode_desc(const Description& d) {
  namespace w = wire::desc_stats;
  Bytes out(w::size);
  put_text(out, w::mfr_desc, d.mfr_desc);
  put_text(out, w::hw_desc, d.hw_desc);
  put_text(out, w::sw_desc, d.sw_desc);
  put_text(out, w::serial_num, d.serial_num);
  put_text(out, w::dp_desc, d.dp_desc);
  return out;
}

Bytes encode_nx_flow_stats(const Rule& rule, std::uint64_t packets, std::uint64_t bytes, std::uint64_t now_ms) {
  namespace w = wire::nx_flow_stats;
  Bytes out(w::size);
  put(out, w::table_id, rule.table);
  put_duration(out, w::duration_sec, w::duration_nsec, now_ms - rule.created_ms);
  put(out, w::priority, rule.priority);
  put(out, w::idle_timeout, rule.idle_timeout);
  put(out, w::hard_timeout, rule.hard_timeout);
  put(out, w::match_len, append_nxm(out, rule.match));
  put(out, w::cookie, rule.cookie);
  put(out, w::packet_count, packets);
  put(out, w::byte_count, bytes);
  out.insert(out.end(), rule.actions.begin(), rule.actions.end());
  put(out, w::length, out.size());
  return out;
}

Bytes encode_flow_stats(const Rule& rule, std::uint64_t packets, std::uint64_t bytes, std::uint64_t now_ms,
                        bool extended) {
  if (extended) return encode_nx_flow_stats(rule, packets, bytes, now_ms);
  namespace w = wire::flow_stats;
  Bytes out(w::size);
  put(out, w::length, w::size + rule.actions.size());
  put(out, w::table_id, rule.table);
  encode_match(out, w::match.offset, rule.match);
  put_duration(out, w::duration_sec, w::duration_nsec, now_ms - rule.created_ms);
  put(out, w::priority, rule.priority);
  put(out, w::idle_timeout, rule.idle_timeout);
  put(out, w::hard_timeout, rule.hard_timeout);
  put(out, w::cookie, rule.cookie);
  put(out, w::packet_count, known(packets));
  put(out, w::byte_count, known(bytes));
  out.insert(out.end(), rule.actions.begin(), rule.actions.end());
  return out;
}

Bytes encode_aggregate(std::uint64_t packets, std::uint64_t bytes, std::uint32_t flows, bool extended) {
  Bytes out(wire::aggregate_stats::size);  // of which the extended one differs only in having a word for "unknown"
  put(out, wire::aggregate_stats::packet_count, extended ? packets : known(packets));
  put(out, wire::aggregate_stats::byte_count, extended ? bytes : known(bytes));
  put(out, wire::aggregate_stats::flow_count, flows);
  return out;
}

Bytes encode_table_stats(const State& state, std::size_t table) {
  namespace w = wire::table_stats;
  const TableConfig& config = state.config.tables[table];
  Bytes out(w::size);
  put(out, w::table_id, table);
  put_text(out, w::name, config.name);
  put(out, w::wildcards, config.wildcards);
  put(out, w::max_entries, config.max_entries);
  put(out, w::active_count, state.tables[table].rules.size());
  put(out, w::lookup_count, state.tables[table].lookup_count);
  put(out, w::matched_count, state.tables[table].matched_count);
  return out;
}

Bytes encode_port_stats(const Port& port) {
  namespace w = wire::port_stats;
  const PortCounters& c = port.counters;
  Bytes out(w::size);
  put(out, w::port_no, port.config.number);
  put(out, w::rx_packets, c.rx_packets);
  put(out, w::tx_packets, c.tx_packets);
  put(out, w::rx_bytes, c.rx_bytes);
  put(out, w::tx_bytes, c.tx_bytes);
  put(out, w::rx_dropped, c.rx_dropped);
  put(out, w::tx_dropped, c.tx_dropped);
  put(out, w::rx_errors, c.rx_errors);
  put(out, w::tx_errors, c.tx_errors);
  put(out, w::rx_frame_err, c.rx_frame_err);
  put(out, w::rx_over_err, c.rx_over_err);
  put(out, w::rx_crc_err, c.rx_crc_err);
  put(out, w::collisions, c.collisions);
  return out;
}

std::vector<Bytes> encode_stats_reply(ByteView request, std::span<const Bytes> records) {
  const bool nx = extended(request);
  const auto start = [&] {
    Bytes part = message(OFPT_STATS_REPLY, get(request, wire::header::xid),
                         nx ? wire::nx_stats_msg::size : wire::stats_msg::size);
    put(part, wire::stats_msg::type, get(request, wire::stats_msg::type));
    if (nx) put(part, wire::nx_stats_msg::vendor, NX_VENDOR_ID);
    if (nx) put(part, wire::nx_stats_msg::subtype, get(request, wire::nx_stats_msg::subtype));
    return part;
  };
  std::vector<Bytes> parts{start()};
  for (const Bytes& record : records) {
    if (parts.back().size() + (nx ? reserved(record) : record.size()) > kLongest) {
      put(parts.back(), wire::stats_msg::flags, OFPSF_REPLY_MORE);
      parts.push_back(start());
    }
    append(parts.back(), record);
  }
  return parts;
}

Bytes encode_nx_flow_removed(const Rule& rule, std::uint8_t reason, std::uint64_t packets, std::uint64_t bytes,
                             std::uint64_t now_ms) {
  namespace w = wire::nx_flow_removed;
  Bytes out = nicira_message(NXT_FLOW_REMOVED, 0, w::size);
  put(out, w::cookie, rule.cookie);
  put(out, w::priority, rule.priority);
  put(out, w::reason, reason);
  put_duration(out, w::duration_sec, w::duration_nsec, now_ms - rule.created_ms);
  put(out, w::idle_timeout, rule.idle_timeout);
  put(out, w::match_len, append_nxm(out, rule.match));
  put(out, w::packet_count, packets);
  put(out, w::byte_count, bytes);
  put(out, wire::header::length, out.size());
  return out;
}

Bytes encode_flow_removed(const Rule& rule, std::uint8_t reason, std::uint64_t packets, std::uint64_t bytes,
                          std::uint64_t now_ms, FlowFormat format) {
  if (format == FlowFormat::nxm) return encode_nx_flow_removed(rule, reason, packets, bytes, now_ms);
  namespace w = wire::flow_removed;
  Bytes out = message(OFPT_FLOW_REMOVED, 0, w::size);
  encode_match(out, w::match.offset, rule.match);
  put(out, w::cookie, rule.cookie);
  put(out, w::priority, rule.priority);
  put(out, w::reason, reason);
  put_duration(out, w::duration_sec, w::duration_nsec, now_ms - rule.created_ms);
  put(out, w::idle_timeout, rule.idle_timeout);
  put(out, w::packet_count, known(packets));
  put(out, w::byte_count, known(bytes));
  return out;
}

Bytes encode_packet_in(std::uint32_t buffer_id, std::uint16_t in_port, PacketInReason reason, ByteView frame,
                       std::size_t send_len) {
  namespace w = wire::packet_in;
  Bytes out = message(OFPT_PACKET_IN, 0, w::size);
  put(out, w::buffer_id, buffer_id);
  put(out, w::total_len, frame.size());
  put(out, w::in_port, in_port);
  put(out, w::reason, reason == PacketInReason::no_match ? OFPR_NO_MATCH : OFPR_ACTION);
  append(out, frame.first(std::min({frame.size(), send_len, kLongest - w::size})));
  return out;
}

Bytes encode_port_status(std::uint8_t reason, const PortConfig& port) {
  Bytes out = message(OFPT_PORT_STATUS, 0, wire::port_status::size);
  put(out, wire::port_status::reason, reason);
  put_port(out, wire::port_status::desc.offset, port);
  return out;
}

}  // namespace oftwin::model

// From what the switch says to bytes. Invariant: the length field is the length.
#include "model/encode.h"

#include <algorithm>
#include <bit>

#include "model/decode.h"
#include "model/nxm.h"
#include "model/wire.h"
#include "model/wire_match.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::size_t kLongest = 0xffff;  // bytes in a message

Bytes message(std::uint8_t type, std::uint32_t xid, std::size_t size) {
  namespace w = wire::header;
  Bytes out(size);
  put(out, {{w::version, OFP_VERSION}, {w::type, type}, {w::length, size}, {w::xid, xid}});
  return out;
}

Bytes nicira_message(NxtSubtype subtype, std::uint32_t xid, std::size_t size) {
  namespace w = wire::vendor_msg;
  Bytes out = message(OFPT_VENDOR, xid, size);
  put(out, {{w::vendor, NX_VENDOR_ID}, {w::subtype, subtype}});
  return out;
}

void append(Bytes& out, ByteView tail) { out.insert(out.end(), tail.begin(), tail.end()); }

void append_to_message(Bytes& out, ByteView tail) {
  append(out, tail);
  put(out, wire::header::length, out.size());
}

// Cut so that a zero byte always ends it.
void put_text(Bytes& out, wire::Field field, std::string_view text, std::size_t base = 0) {
  const std::string_view cut = text.substr(0, field.size - 1);
  std::copy(cut.begin(), cut.end(), out.begin() + static_cast<std::ptrdiff_t>(base + field.offset));
}

// Appends the match and its padding; returns its length without.
std::size_t append_nxm(Bytes& out, const Match& match) {
  const Bytes entries = encode_nxm(match);
  append(out, entries);
  out.resize(out.size() + (8 - entries.size() % 8) % 8);
  return entries.size();
}

// OpenFlow 1.0 has no word for "unknown".
std::uint64_t known(std::uint64_t counter) { return counter == kUnknown ? 0 : counter; }

// unknown: whether this form has a word for unknown counters
void put_flow(Bytes& out, const wire::FlowFields& w, const Rule& rule, Counters n, std::uint64_t now_ms, bool unknown) {
  const std::uint64_t age = now_ms - rule.created_ms;
  put(out, {{w.cookie, rule.cookie}, {w.priority, rule.priority}, {w.idle_timeout, rule.idle_timeout}});
  put(out, {{w.duration_sec, age / 1000}, {w.duration_nsec, age % 1000 * 1000000}});
  put(out, w.packet_count, unknown ? n.packets : known(n.packets));
  put(out, w.byte_count, unknown ? n.bytes : known(n.bytes));
}

void put_port(Bytes& out, std::size_t at, const PortConfig& port) {
  namespace w = wire::phy_port;
  put(out, {{w::port_no, port.number}, {w::hw_addr, number(port.hw_addr, 0, 6)}}, at);
  put_text(out, w::name, port.name, at);
  put(out, {{w::config, port.config}, {w::state, port.state}, {w::curr, port.curr}}, at);
  put(out, {{w::advertised, port.advertised}, {w::supported, port.supported}, {w::peer, port.peer}}, at);
}

// The room that a record of an extended reply is given (NXM-16).
std::size_t reserved(const Bytes& record) {
  namespace w = wire::nx_flow_stats;
  if (record.size() == wire::nx_aggregate_stats::size) return record.size();
  return record.size() + w::longest_match - (get<w::match_len>(record) + 7) / 8 * 8;
}

}  // namespace

Bytes encode_echo_reply(ByteView request) {
  Bytes out(request.begin(), request.end());
  put(out, wire::header::version, OFP_VERSION);
  put(out, wire::header::type, OFPT_ECHO_REPLY);
  return out;
}

Bytes encode_echo_request() { return message(OFPT_ECHO_REQUEST, 0, wire::header::size); }

Bytes encode_barrier_reply(std::uint32_t xid) { return message(OFPT_BARRIER_REPLY, xid, wire::header::size); }

Bytes encode_role_reply(std::uint32_t xid, Role role) {
  Bytes out = nicira_message(NXT_ROLE_REPLY, xid, wire::nx_role::size);
  put(out, wire::nx_role::role, static_cast<std::uint32_t>(role));
  return out;
}

Bytes encode_features_reply(std::uint32_t xid, const State& state) {
  namespace w = wire::switch_features;
  const SwitchConfig& c = state.config;
  const std::size_t ports = std::min(state.ports.size(), (kLongest - w::size) / wire::phy_port::size);
  Bytes out = message(OFPT_FEATURES_REPLY, xid, w::size + ports * wire::phy_port::size);
  put(out,
      {{w::datapath_id, state.settings.datapath_id}, {w::n_buffers, c.n_buffers}, {w::n_tables, state.tables.size()}});
  put(out, {{w::capabilities, c.capabilities}, {w::actions, c.actions}});
  for (std::size_t i = 0; i < ports; ++i) put_port(out, w::size + i * wire::phy_port::size, state.ports[i].config);
  return out;
}

Bytes encode_get_config_reply(std::uint32_t xid, bool drop_fragments, std::uint16_t miss_send_len) {
  namespace w = wire::switch_config;
  Bytes out = message(OFPT_GET_CONFIG_REPLY, xid, w::size);
  put(out, {{w::flags, drop_fragments ? OFPC_FRAG_DROP : OFPC_FRAG_NORMAL}, {w::miss_send_len, miss_send_len}});
  return out;
}

Bytes encode_queue_get_config_reply(std::uint32_t xid, std::uint16_t port) {
  namespace w = wire::queue_get_config_reply;
  Bytes out = message(OFPT_QUEUE_GET_CONFIG_REPLY, xid, w::size);
  put(out, w::port, port);
  return out;
}

Bytes encode_error(Error error, ByteView request) {
  namespace w = wire::error_msg;
  namespace nx = wire::nx_vendor_error;
  const bool nicira = error.space == ErrorSpace::nicira;
  Bytes out = message(OFPT_ERROR, get<wire::header::xid>(request), nicira ? nx::size : w::size);
  if (nicira) {
    put(out, {{w::type, NXET_VENDOR}, {w::code, NXVC_VENDOR_ERROR}, {nx::vendor, NX_VENDOR_ID}});
    put(out, {{nx::type, error.type}, {nx::code, error.code}});
  } else {
    put(out, {{w::type, error.type}, {w::code, error.code}});
  }
  append_to_message(out, request.first(std::min(request.size(), OFP_ERROR_REQUEST_BYTES)));
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

Bytes encode_flow_stats(const Rule& rule, Counters counters, std::uint64_t now_ms, bool extended) {
  namespace w = wire::flow_stats;
  namespace nx = wire::nx_flow_stats;
  Bytes out(extended ? nx::size : w::size);
  put_flow(out, extended ? nx::flow : w::flow, rule, counters, now_ms, extended);
  put(out, extended ? nx::table_id : w::table_id, rule.table);
  put(out, extended ? nx::hard_timeout : w::hard_timeout, rule.hard_timeout);
  if (extended) put(out, nx::match_len, append_nxm(out, rule.match));
  if (!extended) encode_match(out, w::match.offset, rule.match);
  append(out, rule.actions);
  put(out, extended ? nx::length : w::length, out.size());
  return out;
}

Bytes encode_aggregate(Counters n, std::size_t flows, bool extended) {
  namespace w = wire::aggregate_stats;  // of which the extended one differs only in having a word for "unknown"
  Bytes out(w::size);
  put(out, {{w::packet_count, extended ? n.packets : known(n.packets)},
            {w::byte_count, extended ? n.bytes : known(n.bytes)},
            {w::flow_count, flows}});
  return out;
}

Bytes encode_table_stats(const State& state, std::size_t number) {
  namespace w = wire::table_stats;
  const TableConfig& config = state.config.tables[number];
  const Table& table = state.tables[number];
  Bytes out(w::size);
  put_text(out, w::name, config.name);
  put(out, {{w::table_id, number}, {w::wildcards, config.wildcards}, {w::max_entries, config.max_entries}});
  put(out, {{w::active_count, table.rules.size()}, {w::lookup_count, table.lookup_count}});
  put(out, w::matched_count, table.matched_count);
  return out;
}

// What is not here is never counted.
Bytes encode_port_stats(const Port& port) {
  namespace w = wire::port_stats;
  const PortCounters& c = port.counters;
  Bytes out(w::size);
  put(out, {{w::port_no, port.config.number}, {w::rx_packets, c.rx_packets}, {w::tx_packets, c.tx_packets}});
  put(out, {{w::rx_bytes, c.rx_bytes}, {w::tx_bytes, c.tx_bytes}, {w::rx_dropped, c.rx_dropped}});
  return out;
}

std::vector<Bytes> encode_stats_reply(ByteView request, std::span<const Bytes> records) {
  namespace w = wire::nx_stats_msg;
  const bool nx = extended(request);
  Bytes start = message(OFPT_STATS_REPLY, get<wire::header::xid>(request), nx ? w::size : wire::stats_msg::size);
  put(start, wire::stats_msg::type, get<wire::stats_msg::type>(request));
  if (nx) put(start, {{w::vendor, NX_VENDOR_ID}, {w::subtype, get<w::subtype>(request)}});
  std::vector<Bytes> parts{start};
  for (const Bytes& record : records) {
    if (parts.back().size() + (nx ? reserved(record) : record.size()) > kLongest) {
      put(parts.back(), wire::stats_msg::flags, OFPSF_REPLY_MORE);
      parts.push_back(start);
    }
    append_to_message(parts.back(), record);
  }
  return parts;
}

Bytes encode_flow_removed(const Rule& rule, std::uint8_t reason, Counters counters, std::uint64_t now_ms,
                          FlowFormat format) {
  namespace w = wire::flow_removed;
  namespace nx = wire::nx_flow_removed;
  const bool extended = format == FlowFormat::nxm;
  Bytes out = extended ? nicira_message(NXT_FLOW_REMOVED, 0, nx::size) : message(OFPT_FLOW_REMOVED, 0, w::size);
  put_flow(out, extended ? nx::flow : w::flow, rule, counters, now_ms, extended);
  put(out, extended ? nx::reason : w::reason, reason);
  if (extended) put(out, nx::match_len, append_nxm(out, rule.match));
  if (!extended) encode_match(out, w::match.offset, rule.match);
  put(out, wire::header::length, out.size());
  return out;
}

Bytes encode_packet_in(std::uint32_t buffer_id, std::uint16_t in_port, PacketInReason reason, ByteView frame,
                       std::size_t send_len) {
  namespace w = wire::packet_in;
  Bytes out = message(OFPT_PACKET_IN, 0, w::size);
  put(out, {{w::buffer_id, buffer_id}, {w::total_len, frame.size()}, {w::in_port, in_port}});
  put(out, w::reason, reason == PacketInReason::no_match ? OFPR_NO_MATCH : OFPR_ACTION);
  append_to_message(out, frame.first(std::min({frame.size(), send_len, kLongest - w::size})));
  return out;
}

Bytes encode_port_status(std::uint8_t reason, const PortConfig& port) {
  Bytes out = message(OFPT_PORT_STATUS, 0, wire::port_status::size);
  put(out, wire::port_status::reason, reason);
  put_port(out, wire::port_status::desc.offset, port);
  return out;
}

}  // namespace oftwin::model

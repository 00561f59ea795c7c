// Plain writes by the layout tables of spec/.
#include "impl/encode.h"

#include <algorithm>
#include <cstring>

#include "impl/nxm.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::uint64_t kNsecPerMs = 1'000'000;

void append(Buffer& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void put_port(std::uint8_t* p, const oft_port& port) {
  put<wire::phy_port::port_no>(p, port.number);
  std::copy_n(port.hw_addr, sizeof port.hw_addr, p + wire::phy_port::hw_addr.offset);
  std::copy_n(port.name, sizeof port.name, p + wire::phy_port::name.offset);
  put<wire::phy_port::config>(p, port.config);
  put<wire::phy_port::state>(p, port.state);
  put<wire::phy_port::curr>(p, port.curr);
  put<wire::phy_port::advertised>(p, port.advertised);
  put<wire::phy_port::supported>(p, port.supported);
  put<wire::phy_port::peer>(p, port.peer);
}

void start_nicira(Buffer& out, std::uint32_t subtype, std::uint32_t xid, std::size_t size) {
  start_message(out, OFPT_VENDOR, xid, size);
  put<wire::vendor_msg::vendor>(out.data(), NX_VENDOR_ID);
  put<wire::vendor_msg::subtype>(out.data(), subtype);
}

}  // namespace

void start_message(Buffer& out, std::uint8_t type, std::uint32_t xid, std::size_t size) {
  out.assign(size, 0);
  std::uint8_t* p = out.data();
  put<wire::header::version>(p, OFP_VERSION);
  put<wire::header::type>(p, type);
  put<wire::header::length>(p, size);
  put<wire::header::xid>(p, xid);
}

void finish_message(Buffer& out) { put<wire::header::length>(out.data(), out.size()); }

void encode_error(Buffer& out, Error error, ByteView request) {
  const bool nicira = error.space == ErrorSpace::nicira;
  const std::uint32_t xid = get<wire::header::xid>(request.data());
  start_message(out, OFPT_ERROR, xid, nicira ? wire::nx_vendor_error::size : wire::error_msg::size);
  std::uint8_t* p = out.data();
  if (nicira) {
    put<wire::error_msg::type>(p, NXET_VENDOR);
    put<wire::error_msg::code>(p, NXVC_VENDOR_ERROR);
    put<wire::nx_vendor_error::vendor>(p, NX_VENDOR_ID);
    put<wire::nx_vendor_error::type>(p, error.type);
    put<wire::nx_vendor_error::code>(p, error.code);
  } else {
    put<wire::error_msg::type>(p, error.type);
    put<wire::error_msg::code>(p, error.code);
  }
  append(out, request.first(std::min(request.size(), OFP_ERROR_REQUEST_BYTES)));
  finish_message(out);
}

void encode_features(Buffer& out, std::uint32_t xid, const FeaturesReply& f, const std::vector<oft_port>& ports) {
  // The length field holds 16 bits: ports that do not fit are not told.
  const std::size_t room = (0xffff - wire::switch_features::size) / wire::phy_port::size;
  const std::size_t n = std::min(ports.size(), room);
  start_message(out, OFPT_FEATURES_REPLY, xid, wire::switch_features::size + n * wire::phy_port::size);
  std::uint8_t* p = out.data();
  put<wire::switch_features::datapath_id>(p, f.datapath_id);
  put<wire::switch_features::n_buffers>(p, f.n_buffers);
  put<wire::switch_features::n_tables>(p, f.n_tables);
  put<wire::switch_features::capabilities>(p, f.capabilities);
  put<wire::switch_features::actions>(p, f.actions);
  for (std::size_t i = 0; i < n; ++i) put_port(p + wire::switch_features::size + i * wire::phy_port::size, ports[i]);
}

void encode_config(Buffer& out, std::uint32_t xid, bool drop_fragments, std::uint16_t miss_send_len) {
  start_message(out, OFPT_GET_CONFIG_REPLY, xid, wire::switch_config::size);
  put<wire::switch_config::flags>(out.data(), drop_fragments ? OFPC_FRAG_DROP : OFPC_FRAG_NORMAL);
  put<wire::switch_config::miss_send_len>(out.data(), miss_send_len);
}

void encode_queue_config(Buffer& out, std::uint32_t xid, std::uint16_t port) {
  start_message(out, OFPT_QUEUE_GET_CONFIG_REPLY, xid, wire::queue_get_config_reply::size);
  put<wire::queue_get_config_reply::port>(out.data(), port);
}

void encode_flow_removed(Buffer& out, const FlowRemoved& r) {
  start_message(out, OFPT_FLOW_REMOVED, 0, wire::flow_removed::size);
  std::uint8_t* p = out.data();
  encode_match(*r.match, p + wire::flow_removed::match.offset);
  put<wire::flow_removed::cookie>(p, r.cookie);
  put<wire::flow_removed::priority>(p, r.priority);
  put<wire::flow_removed::reason>(p, r.reason);
  put<wire::flow_removed::duration_sec>(p, r.age_ms / 1000);
  put<wire::flow_removed::duration_nsec>(p, r.age_ms % 1000 * kNsecPerMs);
  put<wire::flow_removed::idle_timeout>(p, r.idle_timeout);
  put<wire::flow_removed::packet_count>(p, counter(r.packets));
  put<wire::flow_removed::byte_count>(p, counter(r.bytes));
}

void encode_nx_flow_removed(Buffer& out, const FlowRemoved& r) {
  start_nicira(out, NXT_FLOW_REMOVED, 0, wire::nx_flow_removed::size + wire::nx_flow_stats::longest_match);
  std::uint8_t* p = out.data();
  const std::size_t match_len = encode_nxm(*r.match, p + wire::nx_flow_removed::size);
  put<wire::nx_flow_removed::cookie>(p, r.cookie);
  put<wire::nx_flow_removed::priority>(p, r.priority);
  put<wire::nx_flow_removed::reason>(p, r.reason);
  put<wire::nx_flow_removed::duration_sec>(p, r.age_ms / 1000);
  put<wire::nx_flow_removed::duration_nsec>(p, r.age_ms % 1000 * kNsecPerMs);
  put<wire::nx_flow_removed::idle_timeout>(p, r.idle_timeout);
  put<wire::nx_flow_removed::match_len>(p, match_len);
  put<wire::nx_flow_removed::packet_count>(p, r.packets);
  put<wire::nx_flow_removed::byte_count>(p, r.bytes);
  out.resize(wire::nx_flow_removed::size + nxm_padded(match_len));
  finish_message(out);
}

void encode_packet_in(Buffer& out, const PacketIn& in) {
  start_message(out, OFPT_PACKET_IN, 0, wire::packet_in::size);
  std::uint8_t* p = out.data();
  put<wire::packet_in::buffer_id>(p, in.buffer_id);
  put<wire::packet_in::total_len>(p, in.frame.size());
  put<wire::packet_in::in_port>(p, in.in_port);
  put<wire::packet_in::reason>(p, in.reason);
  const std::size_t room = 0xffff - wire::packet_in::size;
  append(out, in.frame.first(std::min({in.shown, in.frame.size(), room})));
  finish_message(out);
}

void encode_port_status(Buffer& out, std::uint8_t reason, const oft_port& port) {
  start_message(out, OFPT_PORT_STATUS, 0, wire::port_status::size);
  put<wire::port_status::reason>(out.data(), reason);
  put_port(out.data() + wire::port_status::desc.offset, port);
}

void encode_role_reply(Buffer& out, std::uint32_t xid, std::uint32_t role) {
  start_nicira(out, NXT_ROLE_REPLY, xid, wire::nx_role::size);
  put<wire::nx_role::role>(out.data(), role);
}

void put_text(std::uint8_t* p, std::size_t size, std::string_view text) {
  const std::size_t n = std::min(text.size(), size - 1);
  std::ranges::copy(text.substr(0, n), p);
  std::memset(p + n, 0, size - n);
}

}  // namespace oftwin::impl

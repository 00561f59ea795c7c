#include "harness/simplify_message.h"

#include <algorithm>

namespace oftwin::harness {

// Without the field that the wildcard bits stand for.
void drop_field(WireMatch& m, std::uint32_t bits) {
  m.wildcards |= bits;
  if (bits & OFPFW_IN_PORT) m.in_port = 0;
  if (bits & OFPFW_DL_VLAN) m.dl_vlan = 0;
  if (bits & OFPFW_DL_VLAN_PCP) m.dl_vlan_pcp = 0;
  if (bits & OFPFW_DL_SRC) m.dl_src = {};
  if (bits & OFPFW_DL_DST) m.dl_dst = {};
  if (bits & OFPFW_DL_TYPE) m.dl_type = 0;
  if (bits & OFPFW_NW_PROTO) m.nw_proto = 0;
  if (bits & OFPFW_NW_TOS) m.nw_tos = 0;
  if (bits & OFPFW_TP_SRC) m.tp_src = 0;
  if (bits & OFPFW_TP_DST) m.tp_dst = 0;
  if (bits & (OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT)) m.nw_src = 0;
  if (bits & (OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT)) m.nw_dst = 0;
}

std::vector<Bytes> simpler_bytes(const Bytes& bytes) {
  std::vector<Bytes> out;
  if (bytes.empty()) return out;
  out.emplace_back();
  for (std::size_t size = 14; size < bytes.size(); size *= 2) {
    out.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  }
  if (std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b != 0; })) out.emplace_back(bytes.size());
  return out;
}

namespace {

template <class Message>
void simpler_match(Versions<Message, Request>& v) {
  v.with([](Message& m) { m.match = WireMatch{}; });
  for (const std::uint32_t bits : kFieldWildcards) {
    v.with([&](Message& m) { drop_field(m.match, bits); });
  }
  // Values below wildcards, and wildcard bits that mean nothing.
  v.with([](Message& m) {
    for (const std::uint32_t bits : kFieldWildcards) {
      if ((m.match.wildcards & bits) == bits) drop_field(m.match, bits);
    }
    m.match.wildcards &= OFPFW_ALL;
  });
}

// The first byte behind the action at `at`; the end if it can't be cut there.
std::size_t action_end(const Bytes& actions, std::size_t at) {
  if (actions.size() - at < wire::action::header_size) return actions.size();
  const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
  return length < 8 || length > actions.size() - at ? actions.size() : at + length;
}

template <class Message>
void simpler_actions(const Message& message, Versions<Message, Request>& v) {
  v.with([](Message& m) { m.actions.clear(); });
  for (std::size_t at = 0; at < message.actions.size();) {
    const std::size_t end = action_end(message.actions, at);
    v.with([&](Message& m) {
      m.actions.erase(m.actions.begin() + static_cast<std::ptrdiff_t>(at),
                      m.actions.begin() + static_cast<std::ptrdiff_t>(end));
    });
    at = end;
  }
  // One plain action, in place of something longer.
  if (message.actions.size() > 8) v.with([](Message& m) { m.actions = action::output(1); });
}

// Overloads for each kind of request: the versions that are worth a try. Most have nothing but an xid.
template <class Message>
void add_versions(const Message&, std::vector<Request>&) {}

template <class Message>
void versions_of_data(const Message& m, Bytes Message::* data, std::vector<Request>& out) {
  Versions<Message, Request> v(m, out);
  for (Bytes& bytes : simpler_bytes(m.*data)) v.plain(data, bytes);
}

// The first byte behind the entry of an extended match at `at`; the end if it can't be cut there.
std::size_t entry_end(const Bytes& match, std::size_t at) {
  if (match.size() - at < 4) return match.size();
  return std::min(match.size(), at + 4 + match[at + 3]);
}

// Without one of its entries, or without any. (For a match of OpenFlow 1.0 see above.)
template <class Message>
void simpler_entries(const Message& message, Versions<Message, Request>& v) {
  v.with([](Message& m) { m.match.clear(); });
  for (std::size_t at = 0; at < message.match.size();) {
    const std::size_t end = entry_end(message.match, at);
    v.with([&](Message& m) {
      m.match.erase(m.match.begin() + static_cast<std::ptrdiff_t>(at),
                    m.match.begin() + static_cast<std::ptrdiff_t>(end));
    });
    at = end;
  }
}

// What both forms of flow-mod have.
template <class FlowMod>
void simpler_flow_mod(const FlowMod& m, Versions<FlowMod, Request>& v) {
  simpler_actions(m, v);
  for (const unsigned command : {OFPFC_ADD, OFPFC_MODIFY, OFPFC_DELETE}) {
    if (command >= (m.command & 0xffu)) break;
    v.plain(&FlowMod::command, static_cast<std::uint16_t>((m.command & 0xff00u) | command));
  }
  v.plain(&FlowMod::flags, 0);
  for (unsigned flag = 1; flag < 0x10000; flag <<= 1) {
    v.with([&](FlowMod& f) { f.flags = static_cast<std::uint16_t>(f.flags & ~flag); });
  }
  v.plain(&FlowMod::idle_timeout, 0);
  v.plain(&FlowMod::hard_timeout, 0);
  v.plain(&FlowMod::cookie, 0);
  v.plain(&FlowMod::buffer_id, OFP_NO_BUFFER);
  v.plain(&FlowMod::out_port, OFPP_NONE);
  v.plain(&FlowMod::priority, OFP_DEFAULT_PRIORITY);
}

void add_versions(const request::FlowMod& m, std::vector<Request>& out) {
  Versions<request::FlowMod, Request> v(m, out);
  simpler_match(v);
  simpler_flow_mod(m, v);
}

void add_versions(const request::NxFlowMod& m, std::vector<Request>& out) {
  Versions<request::NxFlowMod, Request> v(m, out);
  simpler_entries(m, v);
  simpler_flow_mod(m, v);
}

void add_versions(const request::NxFlowStats& m, std::vector<Request>& out) {
  Versions<request::NxFlowStats, Request> v(m, out);
  simpler_entries(m, v);
  v.plain(&request::NxFlowStats::table_id, OFP_ALL_TABLES);
  v.plain(&request::NxFlowStats::out_port, OFPP_NONE);
}

void add_versions(const request::FlowStats& m, std::vector<Request>& out) {
  Versions<request::FlowStats, Request> v(m, out);
  simpler_match(v);
  v.plain(&request::FlowStats::table_id, OFP_ALL_TABLES);
  v.plain(&request::FlowStats::out_port, OFPP_NONE);
}

void add_versions(const request::PacketOut& m, std::vector<Request>& out) {
  Versions<request::PacketOut, Request> v(m, out);
  simpler_actions(m, v);
  versions_of_data(m, &request::PacketOut::data, out);
  v.plain(&request::PacketOut::buffer_id, OFP_NO_BUFFER);
  v.plain(&request::PacketOut::in_port, OFPP_NONE);
}

void add_versions(const request::EchoRequest& m, std::vector<Request>& out) {
  versions_of_data(m, &request::EchoRequest::data, out);
}
void add_versions(const request::EchoReply& m, std::vector<Request>& out) {
  versions_of_data(m, &request::EchoReply::data, out);
}
void add_versions(const request::Stats& m, std::vector<Request>& out) {
  versions_of_data(m, &request::Stats::body, out);
  Versions<request::Stats, Request>(m, out).plain(&request::Stats::flags, 0);
}
void add_versions(const request::Vendor& m, std::vector<Request>& out) {
  versions_of_data(m, &request::Vendor::body, out);
}
void add_versions(const request::SetConfig& m, std::vector<Request>& out) {
  Versions<request::SetConfig, Request> v(m, out);
  v.plain(&request::SetConfig::flags, 0);
  v.plain(&request::SetConfig::miss_send_len, OFP_DEFAULT_MISS_SEND_LEN);
}
void add_versions(const request::PortMod& m, std::vector<Request>& out) {
  Versions<request::PortMod, Request> v(m, out);
  v.plain(&request::PortMod::config, 0);
  v.plain(&request::PortMod::mask, 0);
  v.plain(&request::PortMod::advertise, 0);
}

}  // namespace

std::vector<Request> simpler(const Request& request) {
  std::vector<Request> versions;
  std::visit([&](const auto& m) { add_versions(m, versions); }, request);
  return versions;
}

}  // namespace oftwin::harness

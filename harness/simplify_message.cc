#include "harness/simplify_message.h"

#include <algorithm>
#include <bit>

#include "harness/default_config.h"
#include "harness/simplify_action.h"
#include "harness/simplify_frame.h"
#include "harness/simplify_match.h"
#include "harness/simplify_value.h"
#include "spec/nicira.h"

namespace oftwin::harness {
namespace {

// All versions of one request are collected in one list; `v` makes them of `m`.
template <class Message>
using Tries = Versions<Message, Request>;

template <class Message, class T>
void number(const Message& m, T Message::* member, Tries<Message>& v) {
  for (const std::uint8_t value : kPlainValues) {
    if (plainer(m.*member, value)) v.plain(member, value);
  }
}

// Each bit that is set, away.
template <class Message, class T>
void each_bit(const Message& m, T Message::* member, Tries<Message>& v) {
  v.plain(member, T{0});
  for (T left = m.*member; left != 0; left = static_cast<T>(left & (left - 1))) {
    v.plain(member, static_cast<T>(m.*member & ~(left & -left)));
  }
}

template <class Message>
void each_of(const std::vector<Bytes>& versions, Bytes Message::* member, Tries<Message>& v) {
  for (const Bytes& bytes : versions) v.plain(member, bytes);
}

void matches(const WireMatch& match, auto member, auto& v) {
  for (const WireMatch& m : simpler_matches(match)) v.plain(member, m);
}
void matches(const Bytes& entries, auto member, auto& v) {
  for (const Bytes& m : simpler_entries(entries)) v.plain(member, m);
}

// The plainest message of its kind, as far as it is not about something else.
template <class M>
request::FlowModOf<M> plainest(const request::FlowModOf<M>& m) {
  request::FlowModOf<M> plain;
  plain.xid = m.xid;
  plain.command = m.command;
  return plain;
}

void in_older_form(const request::FlowMod&, std::vector<Request>&) {}
void in_older_form(const request::FlowStats&, std::vector<Request>&) {}
void in_older_form(const request::NxFlowMod& m, std::vector<Request>& out) {
  if (const auto older = openflow10_form(m)) out.push_back(*older);
}
void in_older_form(const request::NxFlowStats& m, std::vector<Request>& out) {
  if (const auto older = openflow10_form(m)) out.push_back(*older);
}

template <class M>
void add_versions(const request::FlowModOf<M>& m, std::vector<Request>& out) {
  using FlowMod = request::FlowModOf<M>;
  Tries<FlowMod> v(m, out);
  v.with([&](FlowMod& f) { f = plainest(m); });
  in_older_form(m, out);
  matches(m.match, &FlowMod::match, v);
  each_of(simpler_actions(m.actions), &FlowMod::actions, v);
  v.plain(&FlowMod::command, m.command & 0xffu);  // without a table
  for (const unsigned command : {OFPFC_ADD, OFPFC_MODIFY, OFPFC_DELETE}) {
    if (command >= (m.command & 0xffu)) break;
    v.plain(&FlowMod::command, static_cast<std::uint16_t>((m.command & 0xff00u) | command));
  }
  each_bit(m, &FlowMod::flags, v);
  number(m, &FlowMod::idle_timeout, v);
  number(m, &FlowMod::hard_timeout, v);
  v.plain(&FlowMod::cookie, 0);
  v.plain(&FlowMod::buffer_id, OFP_NO_BUFFER);
  v.plain(&FlowMod::out_port, OFPP_NONE);
  v.plain(&FlowMod::priority, OFP_DEFAULT_PRIORITY);
}

template <class M>
void add_versions(const request::FlowStatsOf<M>& m, std::vector<Request>& out) {
  using FlowStats = request::FlowStatsOf<M>;
  Tries<FlowStats> v(m, out);
  v.with([&](FlowStats& s) {
    s = {};
    s.xid = m.xid;
    s.aggregate = m.aggregate;
  });
  in_older_form(m, out);
  matches(m.match, &FlowStats::match, v);
  v.plain(&FlowStats::aggregate, false);
  v.plain(&FlowStats::table_id, OFP_ALL_TABLES);
  v.plain(&FlowStats::out_port, OFPP_NONE);
}

void add_versions(const request::PacketOut& m, std::vector<Request>& out) {
  Tries<request::PacketOut> v(m, out);
  each_of(simpler_actions(m.actions), &request::PacketOut::actions, v);
  each_of(simpler_frames(m.data), &request::PacketOut::data, v);
  v.plain(&request::PacketOut::buffer_id, OFP_NO_BUFFER);
  v.plain(&request::PacketOut::in_port, OFPP_NONE);
}

void add_versions(const request::Hello& m, std::vector<Request>& out) {
  Tries<request::Hello> v(m, out);
  each_of(simpler_bytes(m.data), &request::Hello::data, v);
}
void add_versions(const request::EchoRequest& m, std::vector<Request>& out) {
  Tries<request::EchoRequest> v(m, out);
  each_of(simpler_bytes(m.data), &request::EchoRequest::data, v);
}
void add_versions(const request::EchoReply& m, std::vector<Request>& out) {
  Tries<request::EchoReply> v(m, out);
  each_of(simpler_bytes(m.data), &request::EchoReply::data, v);
}
void add_versions(const request::Stats& m, std::vector<Request>& out) {
  Tries<request::Stats> v(m, out);
  each_of(simpler_bytes(m.body), &request::Stats::body, v);
  each_bit(m, &request::Stats::flags, v);
}

// Of Nicira's messages the subtype stays: it says what the message is about.
void add_versions(const request::Vendor& m, std::vector<Request>& out) {
  constexpr std::size_t kSubtype = wire::vendor_msg::subtype.size;
  Tries<request::Vendor> v(m, out);
  each_of(simpler_bytes(m.body), &request::Vendor::body, v);
  if (m.body.size() <= kSubtype) return;
  const Bytes rest(m.body.begin() + kSubtype, m.body.end());
  for (const Bytes& shorter : simpler_bytes(rest)) {
    v.with([&](request::Vendor& vendor) {
      vendor.body.resize(kSubtype);
      vendor.body.insert(vendor.body.end(), shorter.begin(), shorter.end());
    });
  }
}

void add_versions(const request::SetConfig& m, std::vector<Request>& out) {
  Tries<request::SetConfig> v(m, out);
  v.plain(&request::SetConfig::flags, 0);
  v.plain(&request::SetConfig::miss_send_len, OFP_DEFAULT_MISS_SEND_LEN);
}
void add_versions(const request::PortMod& m, std::vector<Request>& out) {
  Tries<request::PortMod> v(m, out);
  v.with([](request::PortMod& p) {
    p.port = 1;
    p.hw_addr = default_port(1).hw_addr;
  });
  v.plain(&request::PortMod::hw_addr, default_port(m.port).hw_addr);
  each_bit(m, &request::PortMod::config, v);
  each_bit(m, &request::PortMod::mask, v);
  each_bit(m, &request::PortMod::advertise, v);
}
void add_versions(const request::PortStats& m, std::vector<Request>& out) {
  Tries<request::PortStats> v(m, out);
  v.plain(&request::PortStats::port, OFPP_NONE);
}
void add_versions(const request::QueueStats& m, std::vector<Request>& out) {
  Tries<request::QueueStats> v(m, out);
  v.plain(&request::QueueStats::port, OFPP_ALL);
  v.plain(&request::QueueStats::queue, OFPQ_ALL);
}
void add_versions(const request::QueueGetConfig& m, std::vector<Request>& out) {
  Tries<request::QueueGetConfig> v(m, out);
  v.plain(&request::QueueGetConfig::port, 1);
}
void add_versions(const request::FlowModTableId& m, std::vector<Request>& out) {
  Tries<request::FlowModTableId> v(m, out);
  v.plain(&request::FlowModTableId::set, 1);
}
void add_versions(const request::Role& m, std::vector<Request>& out) {
  Tries<request::Role> v(m, out);
  number(m, &request::Role::role, v);
}
void add_versions(const request::SetFlowFormat& m, std::vector<Request>& out) {
  Tries<request::SetFlowFormat> v(m, out);
  v.plain(&request::SetFlowFormat::format, NXFF_OPENFLOW10);
}

// They have nothing but an xid.
void add_versions(const request::FeaturesRequest&, std::vector<Request>&) {}
void add_versions(const request::GetConfigRequest&, std::vector<Request>&) {}
void add_versions(const request::BarrierRequest&, std::vector<Request>&) {}

}  // namespace

std::vector<Request> simpler(const Request& request) {
  std::vector<Request> versions;
  std::visit([&](const auto& m) { add_versions(m, versions); }, request);
  return versions;
}

std::optional<Request> openflow10_form(const request::NxFlowMod& m) {
  const auto match = in_openflow10(m.match);
  if (!match) return std::nullopt;
  return request::FlowMod{m.xid,      *match,      m.cookie,   m.command, m.idle_timeout, m.hard_timeout,
                          m.priority, m.buffer_id, m.out_port, m.flags,   m.actions};
}

std::optional<Request> openflow10_form(const request::NxFlowStats& m) {
  const auto match = in_openflow10(m.match);
  if (!match) return std::nullopt;
  return request::FlowStats{m.xid, m.aggregate, *match, m.table_id, m.out_port};
}

}  // namespace oftwin::harness

#include "harness/simplify.h"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "harness/default_config.h"
#include "harness/request.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr Error kPlainError = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);

// Collects versions of one thing in which one part has its plain value.
template <class Whole, class Result>
class Versions {
 public:
  Versions(const Whole& whole, std::vector<Result>& out) : whole_(whole), out_(out) {}

  // `set` changes a copy; the copy counts if it differs.
  template <class Set>
  void with(Set set) {
    Whole copy = whole_;
    set(copy);
    if (!(copy == whole_)) out_.push_back(std::move(copy));
  }
  template <class T>
  void plain(T Whole::* member, const std::type_identity_t<T>& value) {
    with([&](Whole& w) { w.*member = value; });
  }

 private:
  const Whole& whole_;
  std::vector<Result>& out_;
};

// --- Matches, actions, frames ---------------------------------------------------------------------------------------

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

constexpr std::uint32_t kMatchFields[] = {
    OFPFW_NW_TOS,
    OFPFW_TP_SRC,
    OFPFW_TP_DST,
    OFPFW_DL_SRC,
    OFPFW_DL_DST,
    OFPFW_DL_VLAN_PCP,
    OFPFW_DL_VLAN,
    OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT,
    OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT,
    OFPFW_NW_PROTO,
    OFPFW_DL_TYPE,
    OFPFW_IN_PORT,
};

template <class Message>
void simpler_match(Versions<Message, Request>& v) {
  v.with([](Message& m) { m.match = WireMatch{}; });
  for (const std::uint32_t bits : kMatchFields) {
    v.with([&](Message& m) { drop_field(m.match, bits); });
  }
  // Values below wildcards, and wildcard bits that mean nothing.
  v.with([](Message& m) {
    for (const std::uint32_t bits : kMatchFields) {
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

// Nothing; a header and its doubles; the same length in zeros.
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

// --- Messages -------------------------------------------------------------------------------------------------------

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

// A message that is none: shorter ones of the same type, their length field put right.
void add_broken_versions(const Bytes& bytes, std::vector<EventBody>& out, ConnName conn) {
  for (std::size_t size = wire::header::size; size < bytes.size(); size *= 2) {
    Bytes shorter(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    shorter[wire::header::length.offset] = static_cast<std::uint8_t>(size >> 8);
    shorter[wire::header::length.offset + 1] = static_cast<std::uint8_t>(size);
    out.push_back(event::Recv{conn, std::move(shorter)});
  }
  if (bytes.size() <= wire::header::size) return;
  Bytes zeros = bytes;
  std::fill(zeros.begin() + wire::header::size, zeros.end(), std::uint8_t{0});
  if (zeros != bytes) out.push_back(event::Recv{conn, std::move(zeros)});
}

// --- Events ---------------------------------------------------------------------------------------------------------

template <class Body>
void add_events(const Body&, std::vector<EventBody>&) {}

void add_events(const event::Recv& e, std::vector<EventBody>& out) {
  const auto message = decode_request(e.bytes);
  if (!message) return add_broken_versions(e.bytes, out, e.conn);
  std::vector<Request> versions;
  std::visit([&](const auto& m) { add_versions(m, versions); }, *message);
  for (const Request& r : versions) out.push_back(event::Recv{e.conn, encode(r)});
}

void add_events(const event::ProviderPlan& e, std::vector<EventBody>& out) {
  for (std::size_t i = 0; i < e.answers.size(); ++i) {
    event::ProviderPlan shorter = e;
    shorter.answers.erase(shorter.answers.begin() + static_cast<std::ptrdiff_t>(i));
    out.push_back(std::move(shorter));
  }
  for (std::size_t i = 0; i < e.answers.size(); ++i) {
    if (!e.answers[i].error || e.answers[i].error == kPlainError) continue;
    event::ProviderPlan plain = e;
    plain.answers[i].error = kPlainError;
    out.push_back(std::move(plain));
  }
}

void add_events(const event::ProviderPolicy& e, std::vector<EventBody>& out) {
  Versions<event::ProviderPolicy, EventBody> v(e, out);
  if (e.answer.error) v.with([](event::ProviderPolicy& p) { p.answer.error = kPlainError; });
}

void add_events(const event::ProviderComplete& e, std::vector<EventBody>& out) {
  Versions<event::ProviderComplete, EventBody> v(e, out);
  v.plain(&event::ProviderComplete::error, Error{});
  if (e.error) v.plain(&event::ProviderComplete::error, kPlainError);
}

void add_events(const event::ProviderPacketIn& e, std::vector<EventBody>& out) {
  Versions<event::ProviderPacketIn, EventBody> v(e, out);
  for (const Bytes& frame : simpler_bytes(e.frame)) v.plain(&event::ProviderPacketIn::frame, frame);
  v.plain(&event::ProviderPacketIn::send_len, 0xffff);
  v.plain(&event::ProviderPacketIn::reason, PacketInReason::no_match);
}

void add_events(const event::PacketArrives& e, std::vector<EventBody>& out) {
  Versions<event::PacketArrives, EventBody> v(e, out);
  for (const Bytes& frame : simpler_bytes(e.frame)) v.plain(&event::PacketArrives::frame, frame);
  v.plain(&event::PacketArrives::tun_id, std::uint64_t{0});
}

void add_events(const event::PortChange& e, std::vector<EventBody>& out) {
  Versions<event::PortChange, EventBody> v(e, out);
  v.with([](event::PortChange& c) { c.port = default_port(c.port.number); });
  v.with([](event::PortChange& c) { c.port.name = default_port(c.port.number).name; });
  v.with([](event::PortChange& c) { c.port.hw_addr = default_port(c.port.number).hw_addr; });
  v.with([](event::PortChange& c) {
    c.port.config = c.port.state = c.port.curr = c.port.advertised = c.port.supported = c.port.peer = 0;
  });
}

void add_events(const event::ProviderCounters& e, std::vector<EventBody>& out) {
  Versions<event::ProviderCounters, EventBody> v(e, out);
  v.plain(&event::ProviderCounters::packets, 0);
  v.plain(&event::ProviderCounters::bytes, 0);
  if (e.packets > 1) v.plain(&event::ProviderCounters::packets, 1);
  if (e.bytes > 64) v.plain(&event::ProviderCounters::bytes, 64);
}

void add_events(const event::ProviderLatency& e, std::vector<EventBody>& out) {
  if (e.ms > 10) Versions<event::ProviderLatency, EventBody>(e, out).plain(&event::ProviderLatency::ms, 10);
}

void add_events(const event::Clock& e, std::vector<EventBody>& out) {
  for (const std::uint64_t ms : {1, 10, 1000}) {
    if (e.ms > ms) out.push_back(event::Clock{ms});
  }
}

void add_events(const event::Loop& e, std::vector<EventBody>& out) {
  if (e.iterations != 0) out.push_back(event::Loop{0});
  if (e.iterations > 1) out.push_back(event::Loop{1});
}

void add_events(const event::HiddenAdd& e, std::vector<EventBody>& out) {
  Versions<event::HiddenAdd, EventBody> v(e, out);
  v.plain(&event::HiddenAdd::priority, 0x10000);
  v.plain(&event::HiddenAdd::match, kMatchEverything);
  v.plain(&event::HiddenAdd::actions, action::output(1));
}

void add_events(const event::HiddenDel& e, std::vector<EventBody>& out) {
  Versions<event::HiddenDel, EventBody> v(e, out);
  v.plain(&event::HiddenDel::priority, 0x10000);
  v.plain(&event::HiddenDel::match, kMatchEverything);
}

// Without one of several things.
template <class Whole, class T>
void without_each(const Whole& whole, std::vector<T> Whole::* list, std::vector<EventBody>& out) {
  for (std::size_t i = 0; i < (whole.*list).size(); ++i) {
    Whole shorter = whole;
    (shorter.*list).erase((shorter.*list).begin() + static_cast<std::ptrdiff_t>(i));
    out.push_back(std::move(shorter));
  }
}

void add_events(const event::SetControllers& e, std::vector<EventBody>& out) {
  without_each(e, &event::SetControllers::numbers, out);
}

void add_events(const event::InBand& e, std::vector<EventBody>& out) {
  without_each(e, &event::InBand::remotes, out);
  Versions<event::InBand, EventBody> v(e, out);
  v.plain(&event::InBand::local_mac, 0);
  for (std::size_t i = 0; i < e.remotes.size(); ++i) {
    v.with([i](event::InBand& b) { b.remotes[i].next_hop_mac = 0; });
  }
}

void add_events(const event::Describe& e, std::vector<EventBody>& out) {
  Versions<event::Describe, EventBody> v(e, out);
  for (auto text : {&event::Describe::mfr_desc, &event::Describe::hw_desc, &event::Describe::sw_desc,
                    &event::Describe::serial_num, &event::Describe::dp_desc}) {
    v.plain(text, std::nullopt);
    v.with([text](event::Describe& d) {
      if (d.*text) (d.*text)->resize((d.*text)->size() / 2);
    });
  }
}

}  // namespace

std::vector<EventBody> simpler(const EventBody& body) {
  std::vector<EventBody> out;
  std::visit([&](const auto& e) { add_events(e, out); }, body);
  return out;
}

std::vector<SwitchConfig> simpler(const SwitchConfig& config) {
  std::vector<SwitchConfig> out;
  Versions<SwitchConfig, SwitchConfig> v(config, out);
  v.plain(&SwitchConfig::provider, ProviderMode::scripted);
  for (const std::size_t n : {1, 2, 3}) {
    if (config.tables.size() > n) v.with([&](SwitchConfig& c) { c.tables.resize(n); });
  }
  v.plain(&SwitchConfig::limits, {});
  for (std::size_t i = 0; i < config.connections.size(); ++i) {
    v.with([&](SwitchConfig& c) { c.connections.erase(c.connections.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
  for (std::size_t i = config.ports.size(); i-- > 0;) {
    v.with([&](SwitchConfig& c) { c.ports.erase(c.ports.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    v.with([&](SwitchConfig& c) {
      PortConfig& p = c.ports[i];
      p.config = p.state = p.curr = p.advertised = p.supported = p.peer = 0;
    });
  }
  return out;
}

namespace {

// Applies `change` to every request for which it is meant. True if anything changed.
bool change_all(std::vector<Event>& events, const std::function<void(Request&)>& change) {
  bool changed = false;
  for (Event& e : events) {
    auto* recv = std::get_if<event::Recv>(&e.body);
    auto message = recv ? decode_request(recv->bytes) : std::nullopt;
    if (!message) continue;
    const Request before = *message;
    change(*message);
    if (*message == before) continue;
    recv->bytes = encode(*message);
    changed = true;
  }
  return changed;
}

WireMatch* match_of(Request& r) {
  if (auto* m = std::get_if<request::FlowMod>(&r)) return &m->match;
  if (auto* m = std::get_if<request::FlowStats>(&r)) return &m->match;
  return nullptr;
}

// A change to one field of all flow-mods.
template <class T>
std::function<void(Request&)> in_flow_mods(T request::FlowMod::* member, std::type_identity_t<T> value) {
  return [member, value](Request& r) {
    if (auto* m = std::get_if<request::FlowMod>(&r)) m->*member = value;
  };
}

std::vector<std::uint16_t> priorities_in(const std::vector<Event>& events) {
  std::vector<std::uint16_t> out;
  std::vector<Event> copy = events;
  change_all(copy, [&](Request& r) {
    if (auto* m = std::get_if<request::FlowMod>(&r)) out.push_back(m->priority);
  });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

std::vector<std::vector<Event>> simpler_together(const std::vector<Event>& events) {
  std::vector<std::function<void(Request&)>> changes = {
      [](Request& r) {
        if (WireMatch* m = match_of(r)) *m = {};
      },
      in_flow_mods(&request::FlowMod::actions, {}),
      [](Request& r) {
        auto* m = std::get_if<request::FlowMod>(&r);
        if (m && m->actions.size() > 8) m->actions = action::output(1);
      },
      in_flow_mods(&request::FlowMod::cookie, 0),
      in_flow_mods(&request::FlowMod::idle_timeout, 0),
      in_flow_mods(&request::FlowMod::hard_timeout, 0),
      in_flow_mods(&request::FlowMod::flags, 0),
      in_flow_mods(&request::FlowMod::priority, OFP_DEFAULT_PRIORITY),
  };
  for (const std::uint32_t bits : kMatchFields) {
    changes.push_back([bits](Request& r) {
      if (WireMatch* m = match_of(r)) drop_field(*m, bits);
    });
  }
  for (const std::uint16_t priority : priorities_in(events)) {
    changes.push_back([priority](Request& r) {
      auto* m = std::get_if<request::FlowMod>(&r);
      if (m && m->priority == priority) m->priority = OFP_DEFAULT_PRIORITY;
    });
  }
  std::vector<std::vector<Event>> out;
  for (const auto& change : changes) {
    std::vector<Event> candidate = events;
    if (change_all(candidate, change)) out.push_back(std::move(candidate));
  }
  return out;
}

}  // namespace oftwin::harness

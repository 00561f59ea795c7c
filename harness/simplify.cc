#include "harness/simplify.h"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/simplify_message.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr Error kPlainError = openflow_error(OFPET_FLOW_MOD_FAILED, OFPFMFC_ALL_TABLES_FULL);

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
  for (const Request& r : simpler(*message)) out.push_back(event::Recv{e.conn, encode(r)});
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
std::function<void(Request&)> in_flow_mods(T request::FlowMod::* member, const std::type_identity_t<T>& value) {
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
  for (const std::uint32_t bits : kFieldWildcards) {
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

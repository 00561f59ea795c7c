#include "harness/simplify.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include "harness/change_requests.h"
#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/simplify_action.h"
#include "harness/simplify_frame.h"
#include "harness/simplify_match.h"
#include "harness/simplify_message.h"
#include "harness/simplify_value.h"
#include "spec/nicira.h"
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
  for (const Bytes& frame : simpler_frames(e.frame)) v.plain(&event::ProviderPacketIn::frame, frame);
  v.plain(&event::ProviderPacketIn::send_len, 0xffff);
  v.plain(&event::ProviderPacketIn::reason, PacketInReason::no_match);
}

void add_events(const event::PacketArrives& e, std::vector<EventBody>& out) {
  Versions<event::PacketArrives, EventBody> v(e, out);
  for (const Bytes& frame : simpler_frames(e.frame)) v.plain(&event::PacketArrives::frame, frame);
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

void add_events(const event::ProviderExpire& e, std::vector<EventBody>& out) {
  Versions<event::ProviderExpire, EventBody>(e, out).plain(&event::ProviderExpire::reason, ExpiryReason::idle);
}

void add_events(const event::ProviderExecuteResult& e, std::vector<EventBody>& out) {
  if (e.error)
    Versions<event::ProviderExecuteResult, EventBody>(e, out).plain(&event::ProviderExecuteResult::error, kPlainError);
}

void add_events(const event::ProviderPacketOutResult& e, std::vector<EventBody>& out) {
  if (e.error)
    Versions<event::ProviderPacketOutResult, EventBody>(e, out).plain(&event::ProviderPacketOutResult::error,
                                                                      kPlainError);
}

void add_events(const event::Set& e, std::vector<EventBody>& out) {
  Versions<event::Set, EventBody> v(e, out);
  for (const std::uint8_t value : kPlainValues) {
    if (plainer(e.value, value)) v.plain(&event::Set::value, value);
  }
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
  for (const WireMatch& m : simpler_matches(decode_match(e.match))) v.plain(&event::HiddenAdd::match, wire_bytes(m));
  for (const Bytes& actions : simpler_actions(e.actions)) v.plain(&event::HiddenAdd::actions, actions);
}

void add_events(const event::HiddenDel& e, std::vector<EventBody>& out) {
  Versions<event::HiddenDel, EventBody> v(e, out);
  v.plain(&event::HiddenDel::priority, 0x10000);
  for (const WireMatch& m : simpler_matches(decode_match(e.match))) v.plain(&event::HiddenDel::match, wire_bytes(m));
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

using Change = std::function<void(Request&)>;

// Applies `change` to both forms of flow-mod.
template <class Visit>
Change in_flow_mods(Visit change) {
  return [change](Request& r) {
    if (auto* m = std::get_if<request::FlowMod>(&r)) change(*m);
    if (auto* m = std::get_if<request::NxFlowMod>(&r)) change(*m);
  };
}

// To what has actions.
template <class Visit>
Change in_actions(Visit change) {
  return [change](Request& r) {
    in_flow_mods([&](auto& m) { change(m.actions); })(r);
    if (auto* m = std::get_if<request::PacketOut>(&r)) change(m->actions);
  };
}

// To both kinds of matches, in flow-mods and in questions about flows.
template <class Visit>
Change in_matches(Visit change) {
  return [change](Request& r) {
    in_flow_mods([&](auto& m) { change(m.match); })(r);
    if (auto* m = std::get_if<request::FlowStats>(&r)) change(m->match);
    if (auto* m = std::get_if<request::NxFlowStats>(&r)) change(m->match);
  };
}

// What OpenFlow 1.0 can say, said so.
void older_form(Request& r) {
  std::optional<Request> older;
  if (const auto* m = std::get_if<request::NxFlowMod>(&r)) older = openflow10_form(*m);
  if (const auto* m = std::get_if<request::NxFlowStats>(&r)) older = openflow10_form(*m);
  if (auto* m = std::get_if<request::SetFlowFormat>(&r)) m->format = NXFF_OPENFLOW10;
  if (older) r = *older;
}

// What the messages of a trace have.
struct Met {
  std::set<std::uint16_t> priorities;
  std::set<std::uint32_t> entries;  // their types
  std::set<ActionKind> actions;
};

Met met_in(const std::vector<Event>& events) {
  Met met;
  const auto take = [&](const Request& r) {
    Request copy = r;
    in_flow_mods([&](auto& m) { met.priorities.insert(m.priority); })(copy);
    in_actions([&](Bytes& actions) {
      std::ranges::copy(action_kinds(actions), std::inserter(met.actions, met.actions.end()));
    })(copy);
    in_matches([&]<class M>(M& match) {
      if constexpr (std::is_same_v<M, Bytes>) {
        std::ranges::copy(entry_types(match), std::inserter(met.entries, met.entries.end()));
      }
    })(copy);
  };
  for (const Event& e : events) {
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (const auto message = recv ? decode_request(recv->bytes) : std::nullopt) take(*message);
  }
  return met;
}

// The fields of flow-mods.
std::vector<Change> plain_everywhere() {
  return {
      older_form,
      in_matches([](auto& match) { match = {}; }),
      in_flow_mods([](auto& m) { m.actions.clear(); }),
      in_flow_mods([](auto& m) {
        if (m.actions.size() > 8) m.actions = action::output(1);
      }),
      in_flow_mods([](auto& m) { m.cookie = 0; }),
      in_flow_mods([](auto& m) { m.idle_timeout = 0; }),
      in_flow_mods([](auto& m) { m.hard_timeout = 0; }),
      in_flow_mods([](auto& m) { m.flags = 0; }),
      in_flow_mods([](auto& m) { m.out_port = OFPP_NONE; }),
      in_flow_mods([](auto& m) { m.command &= 0xff; }),
      in_flow_mods([](auto& m) { m.priority = OFP_DEFAULT_PRIORITY; }),
  };
}

}  // namespace

std::vector<std::vector<Event>> simpler_together(const std::vector<Event>& events) {
  std::vector<Change> changes = plain_everywhere();
  for (const std::uint32_t bits : kFieldWildcards) {
    changes.push_back(in_matches([bits]<class M>(M& match) {
      if constexpr (std::is_same_v<M, WireMatch>) drop_field(match, bits);
    }));
  }
  const Met met = met_in(events);
  for (const std::uint32_t type : met.entries) {
    changes.push_back(in_matches([type]<class M>(M& match) {
      if constexpr (std::is_same_v<M, Bytes>) match = without_entries(match, type);
    }));
  }
  for (const ActionKind kind : met.actions) {
    changes.push_back(in_actions([kind](Bytes& actions) { actions = without_actions(actions, kind); }));
  }
  for (const std::uint16_t priority : met.priorities) {
    changes.push_back(in_flow_mods([priority](auto& m) {
      if (m.priority == priority) m.priority = OFP_DEFAULT_PRIORITY;
    }));
  }
  std::vector<std::vector<Event>> out;
  for (const auto& change : changes) {
    std::vector<Event> candidate = events;
    if (change_requests(candidate, [&](const Event&, Request& r) { change(r); })) out.push_back(std::move(candidate));
  }
  return out;
}

}  // namespace oftwin::harness

// What a conversation says: a scenario's messages, and around them what brings the switch into the known state.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/live/played.h"
#include "harness/live/scenario.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kUsualMissSendLen = 128;
constexpr std::uint64_t kSettle_ms = 10;
constexpr unsigned kMessagesInATurn = 50;   // of one connection: CONN-1, Open vSwitch 3.1 too
constexpr std::uint64_t kExpiry_ms = 1700;  // beyond what a scenario asks for, so that what is due has happened

bool is_set_config(ByteView m) { return m[1] == OFPT_SET_CONFIG && m.size() == wire::switch_config::size; }

template <class Test>
bool any_message(const Trace& trace, Test test) {
  return std::any_of(trace.events.begin(), trace.events.end(), [&](const Event& e) {
    return std::holds_alternative<event::Recv>(e.body) && test(message_of(e));
  });
}

// Messages that were caused before its end have to have come then: what happens next may change them.
bool needs_quiet(const Trace& scenario) {
  if (scenario.config.connections.size() != 1) return true;
  return std::any_of(scenario.events.begin(), scenario.events.end(), [](const Event& e) {
    if (std::holds_alternative<event::Loop>(e.body) || std::holds_alternative<event::PacketArrives>(e.body)) {
      return false;
    }
    return !std::holds_alternative<event::Recv>(e.body) || changes_what_is_heard(message_of(e));
  });
}

}  // namespace

void Conversation::Wire::ask_for_baseline() {
  const auto any = [&](std::uint16_t type) {
    return any_message(played.trace, [&](ByteView m) { return is_statistics_request(m, type); });
  };
  request::FlowStats all;
  all.aggregate = true;
  ask(all, for_emptiness);
  if (any(OFPST_TABLE)) ask(request::Stats{0, OFPST_TABLE, 0, {}}, for_tables);
  if (any(OFPST_PORT)) ask(request::PortStats{}, for_ports);
}

void Conversation::Wire::reset_connection() {
  if (c.intro_.roles) ask(request::Role{0, NX_ROLE_OTHER}, for_nothing);
  if (c.intro_.nxm) ask(request::SetFlowFormat{0, NXFF_OPENFLOW10}, for_reset);
  if (c.intro_.table_id) ask(request::FlowModTableId{0, 0}, for_reset);
  ask(request::SetConfig{0, OFPC_FRAG_NORMAL, kUsualMissSendLen}, for_reset);
}

void Conversation::Wire::reset_switch() {
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  ask(all, for_reset);
}

void Conversation::Wire::note(ByteView message) {
  if (const auto flow_mod = flow_mod_in(message)) {
    removals_asked = removals_asked || (flow_mod->flags & OFPFF_SEND_FLOW_REM) != 0;
    stirred = stirred || (removals_asked && (flow_mod->command & 0xff) >= OFPFC_DELETE);
  }
  stirred = stirred || message[1] == OFPT_PACKET_OUT;
}

void Conversation::Wire::sentinels() {
  request::PacketOut packet;
  packet.actions = action::output(OFPP_CONTROLLER, 0xffff);
  packet.data = sentinel_frame(played.number);
  ask(packet, for_reset);
  if (!c.ports_) return;
  for (const std::uint16_t port : c.ports_->open()) {
    packet.actions = action::output(port);
    ask(packet, for_reset);
  }
}

bool Conversation::pipelines(const Trace& scenario) const {
  if (ports_) return false;
  // A port's new configuration counts for the packets of a later turn of the switch's.
  return !needs_quiet(scenario) && !any_message(scenario, [](ByteView m) { return m[1] == OFPT_PORT_MOD; });
}

void Conversation::begin(const Trace& scenario) {
  const std::size_t connections = scenario.config.connections.size();
  if (awake_ > connections) park(connections);
  auto played = std::make_unique<Played>();
  Played& p = *played;
  p.trace = scenario;
  p.number = number_++;
  p.first_xid = next_xid_;
  p.packets_over.assign(connections, false);
  p.heard.replies.resize(scenario.events.size());
  p.heard.passed_ms.resize(scenario.events.size());
  p.heard.accepted = intro_.accepted;
  p.begin = p.last = net::Clock::now();
  played_.push_back(std::move(played));
  links_.use(connections);
  if (ports_) ports_->begin(p.number, p.heard);
  Wire wire{*this, p};
  if (awake_ < connections) take_up(wire);
  wire.ask_for_baseline();
  for (std::size_t i = 0; i < p.trace.events.size(); ++i) play(wire, i);
  end(wire);
}

// One event of the scenario.
void Conversation::play(Wire& wire, std::size_t at) {
  EventBody& body = wire.played.trace.events[at].body;
  const auto link_of = [&](ConnName conn) {
    const auto& all = wire.played.trace.config.connections;
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), conn) - all.begin());
  };
  if (const auto* clock = std::get_if<event::Clock>(&body)) {
    turn(wire);
    wire.played.heard.passed_ms[at] = wait(clock->ms + kExpiry_ms);
    wire.stirred = false;
  } else if (auto* recv = std::get_if<event::Recv>(&body)) {
    const std::size_t link = link_of(recv->conn);
    if (wire.closed[link]) return;  // lost
    move_to(wire, link);
    say(wire, at, *recv);
  } else if (const auto* frame = std::get_if<event::PacketArrives>(&body)) {
    arrive(wire, *frame);
  } else if (const auto* close = std::get_if<event::ConnClose>(&body)) {
    const std::size_t link = link_of(close->conn);
    if (wire.closed[link]) return;
    move_to(wire, link);
    settle(wire);
    links_.close(link);
    wire.closed[link] = true;
  } else if (const auto* open = std::get_if<event::ConnOpen>(&body)) {
    const std::size_t link = link_of(open->conn);
    if (!wire.closed[link]) return;
    turn(wire);
    links_.open(link);
    wire.closed[link] = false;
    wire.deaf[link] = true;
  }
}

void Conversation::say(Wire& wire, std::size_t at, event::Recv& recv) {
  if (std::exchange(wire.unsettled, false)) settle_ports();
  Bytes& message = recv.bytes;
  bool& deaf = wire.deaf[wire.link];
  if (changes_what_is_heard(message) || (deaf && is_set_config(message))) settle(wire);
  deaf = deaf || (is_set_config(message) && message[10] == 0 && message[11] == 0);
  wire.note(message);
  tag_cookie(message, wire.played.number);
  wire.played.packets += message[1] == OFPT_PACKET_OUT;
  const std::uint32_t xid = next_xid_;
  wire.add(message, static_cast<std::int32_t>(at));
  set_xid(message, xid);
  if (message[1] == OFPT_PORT_MOD) turn(wire, kMessagesInATurn + 1);
  if (ports_ && message[1] == OFPT_PACKET_OUT) let_out(wire);
}

// Everything back into the known state, and what tells that nothing more will come.
void Conversation::end(Wire& wire) {
  Played& p = wire.played;
  const bool alone = !pipelines(p.trace);
  if (std::exchange(wire.unsettled, false)) settle_ports();
  const std::size_t connections = p.trace.config.connections.size();
  if (needs_quiet(p.trace)) settle(wire);
  for (std::size_t i = connections; i-- > 0;) {
    if (std::exchange(wire.closed[i], false)) links_.open(i);
    if (alone) move_to(wire, i);
    wire.reset_connection();
  }
  wire.reset_switch();
  if (alone) turn(wire);
  reset_ports(wire);
  wire.sentinels();
  p.unanswered = connections;
  for (std::size_t i = 0; i < connections; ++i) {
    if (alone) move_to(wire, i);
    wire.ask(request::BarrierRequest{}, for_end);
  }
  p.bytes = wire.bytes.size();
  links_[wire.link].send(wire.bytes);
}

// Those that the scenario may have configured, one after the other: what is told of each comes in that order.
void Conversation::reset_ports(Wire& wire) {
  for (const PortConfig& port : wire.played.trace.config.ports) {
    const bool named = any_message(wire.played.trace, [&](ByteView m) {
      return m[1] == OFPT_PORT_MOD && m.size() >= 10 && (m[8] << 8 | m[9]) == port.number;
    });
    if (!named) continue;
    wire.ask(request::PortMod{0, port.number, port.hw_addr, port.config, 0x7f, 0}, for_reset);
    turn(wire, kMessagesInATurn + 1);
  }
}

// Brings connections that were parked into the known state. What they hear before that is for nobody.
void Conversation::take_up(Wire& wire) {
  const std::size_t connections = wire.played.trace.config.connections.size();
  for (std::size_t i = awake_; i < connections; ++i) {
    links_.open(i);
    wire.link = i;
    wire.reset_connection();
    turn(wire);
    pins_at_[i] = wire.played.number;
    awake_ = i + 1;
  }
  wire.link = 0;
}

// Each until the switch has handled it: the handling of fragments is set for all. What else they hear is for nobody.
void Conversation::park(std::size_t from) {
  for (std::size_t i = from; i < awake_; ++i) {
    if (!links_.is_open(i)) continue;
    Bytes bytes = encode(request::SetConfig{take_xid(), OFPC_FRAG_NORMAL, 0});
    if (intro_.roles) put_bytes(bytes, encode(request::Role{take_xid(), NX_ROLE_SLAVE}));
    const std::uint32_t last = take_xid();
    put_bytes(bytes, encode(request::BarrierRequest{last}));
    links_[i].send(bytes);
    messages_ += intro_.roles ? 3 : 2;
    for (bool handled = false; !handled;) {
      const auto said = links_.next(net::Clock::now() + milliseconds(options_.answer_ms));
      if (!said) throw LinkError(fmt::format("the switch has not answered a barrier for {} ms", options_.answer_ms));
      if (said->link != i) sort_message(said->link, said->message);
      handled = said->link == i && said->message[1] == OFPT_BARRIER_REPLY && xid_in(said->message) == last;
    }
  }
  awake_ = from;
}

// What is said next is said on that link, after what was said before on another.
void Conversation::move_to(Wire& wire, std::size_t link) {
  if (wire.link == link) return;
  turn(wire);
  wire.link = link;
}

// Sends what there is and waits until the switch has handled it. More barriers than a switch handles messages at once:
// until it has gone on to its next turn, too.
void Conversation::turn(Wire& wire, unsigned barriers) {
  if (wire.closed[wire.link]) return;
  for (unsigned i = 0; i < barriers; ++i) wire.ask(request::BarrierRequest{}, for_order);
  const std::uint32_t xid = next_xid_ - 1;
  links_[wire.link].send(std::exchange(wire.bytes, {}));
  for (;;) {
    const auto from = links_.next(net::Clock::now() + milliseconds(options_.answer_ms));
    if (!from) throw LinkError(fmt::format("the switch has not answered a barrier for {} ms", options_.answer_ms));
    if (from->link == wire.link && from->message[1] == OFPT_BARRIER_REPLY && xid_in(from->message) == xid) return;
    sort_message(from->link, from->message);
  }
}

// Until all that was caused has come.
void Conversation::settle(Wire& wire) {
  turn(wire);
  if (std::exchange(wire.stirred, false)) wait(kSettle_ms);
}

// Hears what comes while time passes. How much has.
std::uint64_t Conversation::wait(std::uint64_t ms) {
  const auto begin = net::Clock::now();
  const net::Deadline end = begin + milliseconds(ms);
  while (net::Clock::now() < end) hear(end);
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(net::Clock::now() - begin).count());
}

}  // namespace oftwin::harness::live

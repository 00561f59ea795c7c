// Rules that no controller asked for. Invariant: each has a priority that no controller can give, but for the one that
// stands in for controllers that are not configured.
#include "model/own_rules.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/async.h"
#include "model/connection.h"
#include "model/encode.h"
#include "model/flow_mod.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::uint32_t kFailOpenPriority = 0xf0f0f0;
constexpr std::uint64_t kSignInterval = 2000;  // ms

const Bytes kNormal = {0, 0, 0, 8, 0xff, 0xfa, 0, 0};  // output to NORMAL

FlowMod flow_of(const OwnRule& own) {
  FlowMod fm;
  fm.match = own.match;
  fm.priority = own.priority;
  fm.table = 0;
  fm.actions = own.actions;
  return fm;
}

bool same_flow(const OwnRule& a, const OwnRule& b) { return a.priority == b.priority && a.match == b.match; }

// False: it has to wait.
bool try_add(Turn& turn, const OwnRule& own) {
  const Rule* rule = find_strict(turn.state, 0, own.match, own.priority);
  if (rule && rule->actions == own.actions) return true;
  turn.hit("OWN-1");
  return !add_flow(turn, {}, own.name, flow_of(own)).postponed;
}

// False: an operation on it is in progress.
bool try_delete(Turn& turn, const OwnRule& own) {
  const Rule* rule = find_strict(turn.state, 0, own.match, own.priority);
  if (!rule) return true;
  if (turn.operation_on(rule->name)) return false;
  remove_rules(turn, {rule->name});
  return true;
}

void forget_postponed(Turn& turn, const OwnRule& own, bool unwanted) {
  std::erase_if(turn.state.own_rules, [&](const OwnRule& o) { return o.unwanted == unwanted && same_flow(o, own); });
  turn.state.own_retry = turn.state.own_retry && !turn.state.own_rules.empty();
}

void add_or_postpone(Turn& turn, const OwnRule& own) {
  if (try_add(turn, own) || turn.erratum(11)) return;
  turn.hit("OWN-2");
  turn.state.own_rules.push_back(own);
}

OwnRule told(const Turn& turn, RuleName name, std::uint32_t priority, const WireMatchBytes& match, Bytes actions) {
  return {name, priority, decode_match(match, 0, turn.tos_bits()), std::move(actions)};
}

// --- Fail-open ------------------------------------------------------------------------------------------------------

bool may_fail_open(const State& state) { return state.settings.standalone && has_controllers(state); }

// How long no controller has admitted the switch, and how long that is borne.
struct Failure {
  bool admitted = false;  // by some controller
  std::uint64_t since_s = 0, patience_s = 0;
};
Failure failure(const State& state) {
  Failure f;
  for (const Connection& c : state.connections) {
    if (!c.is_primary()) continue;
    f.admitted = f.admitted || (c.link == Link::up && c.admitted_s >= c.opened_s);
    f.since_s = std::max(f.since_s, c.admitted_s);
    f.patience_s = std::max<std::uint64_t>(f.patience_s, 3ull * c.probe_interval_s);
  }
  if (f.admitted) f.since_s = state.now_ms / 1000;
  return f;
}

bool too_long(const Turn& turn, const Failure& f) {
  return (!f.admitted || turn.erratum(32)) && turn.state.now_ms / 1000 >= f.since_s + f.patience_s;
}

// source: FAIL-5
constexpr std::string_view kSignRequest{
    "\xff\xff\xff\xff\xff\xff\x00\x23\x20\x80\x00\x01\x00\x2c\xaa\xaa\x03\x00\x23\x20\xa0\x33"
    "Open vSwitch Controller Probe\x00\x00\x23\x20\x80\x00\x01",
    58};

// The original skips the first connection that is up and asks the last one twice.
void ask_as_in_2011(Turn& turn, const Bytes& frame) {
  std::vector<ConnName> targets;
  for (const Connection& c : turn.state.connections) {
    if (c.link == Link::up && c.name.kind != ConnKind::snoop) targets.push_back(c.name);
  }
  std::ranges::rotate(targets, targets.begin() + 1);
  if (targets.size() > 1) targets.back() = targets[targets.size() - 2];
  for (const ConnName name : targets) {
    send_reply(turn, *turn.connection(name),
               encode_packet_in(kNullBuffer, OFPP_LOCAL, PacketInReason::no_match, frame, frame.size()));
  }
}

void ask_for_a_sign(Turn& turn) {
  turn.hit("FAIL-5");
  const Bytes frame(kSignRequest.begin(), kSignRequest.end());
  if (turn.erratum(38)) return ask_as_in_2011(turn, frame);
  packet_in(turn, OFPP_LOCAL, frame, PacketInReason::no_match, 0);
}

// --- In-band control ------------------------------------------------------------------------------------------------

Bytes in_band_actions(const Settings& settings) {
  const std::uint32_t q = settings.in_band_queue;
  if (q == kNoQueue) return kNormal;
  Bytes out = {0xff, 0xff, 0, 16, 0, 0, 0x23, 0x20, 0, 4, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(q >> shift));
  out.insert(out.end(), kNormal.begin(), kNormal.end());
  return out;
}

// source: BAND-1
std::vector<OwnRule> in_band_rules(const event::InBand& e) {
  constexpr std::uint16_t all = 0xffff;
  constexpr std::uint32_t all_ip = 0xffffffff;
  constexpr std::uint64_t all_mac = 0xffffffffffff;
  enum : std::uint16_t { ip = 0x0800, arp = 0x0806, reply = 2, request = 1, tcp = 6, udp = 17 };
  std::vector<OwnRule> rules;
  const auto add = [&](std::uint32_t number, std::uint16_t type, std::uint8_t protocol, auto more) {
    OwnRule rule{{}, 180000 + number, {}, {}};
    rule.match.dl_type = {type, all};
    rule.match.nw_proto = {protocol, 0xff};
    more(rule.match);
    if (std::ranges::none_of(rules, [&](const OwnRule& r) { return same_flow(r, rule); })) rules.push_back(rule);
  };
  const auto add_arp = [&](std::uint32_t number, std::uint64_t mac) {
    if (mac == 0) return;
    add(number, arp, reply, [&](Match& m) { m.dl_dst = {mac, all_mac}; });
    add(number + 1, arp, request, [&](Match& m) { m.dl_src = {mac, all_mac}; });
  };
  if (!e.remotes.empty() && e.local_mac != 0) {
    add(0, ip, udp, [&](Match& m) {
      m.in_port = {OFPP_LOCAL, all}, m.dl_src = {e.local_mac, all_mac}, m.tp_src = {68, all}, m.tp_dst = {67, all};
    });
    add_arp(1, e.local_mac);
  }
  for (const event::InBandRemote& r : e.remotes) add_arp(3, r.next_hop_mac);
  for (const event::InBandRemote& r : e.remotes) {
    add(5, arp, reply, [&](Match& m) { m.nw_dst = {r.ip, all_ip}; });
    add(6, arp, request, [&](Match& m) { m.nw_src = {r.ip, all_ip}; });
    add(7, ip, tcp, [&](Match& m) { m.nw_dst = {r.ip, all_ip}, m.tp_dst = {r.port, all}; });
    add(8, ip, tcp, [&](Match& m) { m.nw_src = {r.ip, all_ip}, m.tp_src = {r.port, all}; });
  }
  return rules;
}

}  // namespace

void add_own_rule(Turn& turn, RuleName name, const event::HiddenAdd& wanted) {
  const OwnRule own = told(turn, name, wanted.priority, wanted.match, wanted.actions);
  forget_postponed(turn, own, true);
  add_or_postpone(turn, own);
}

void delete_own_rule(Turn& turn, const event::HiddenDel& unwanted) {
  turn.hit("OWN-3");
  const OwnRule own = told(turn, {}, unwanted.priority, unwanted.match, {});
  forget_postponed(turn, own, false);
  turn.emit(observation::HiddenDelResult{try_delete(turn, own)});
}

void retry_own_rules(Turn& turn) {
  if (!std::exchange(turn.state.own_retry, false)) return;
  for (const OwnRule& own : std::exchange(turn.state.own_rules, {})) {
    if (own.unwanted) turn.hit("OWN-4");
    if (!own.unwanted) {
      add_or_postpone(turn, own);
    } else if (!try_delete(turn, own)) {
      turn.state.own_rules.push_back(own);
    }
  }
}

bool has_controllers(const State& state) { return std::ranges::any_of(state.connections, &Connection::is_primary); }

void run_fail_open(Turn& turn) {
  State& s = turn.state;
  if (!may_fail_open(s)) return;
  const Failure f = failure(s);
  if (!s.failed_open && too_long(turn, f)) {
    turn.hit("FAIL-2");
    s.failed_open = !turn.erratum(32) || s.now_ms / 1000 > f.since_s;
    s.flushing = true;
  }
  if (!s.failed_open) return;
  const bool connected =
      std::ranges::any_of(s.connections, [](const Connection& c) { return c.is_primary() && c.link == Link::up; });
  const bool due = s.next_sign_ms && s.now_ms >= *s.next_sign_ms;
  if (connected && due) ask_for_a_sign(turn);
  if (!connected) {
    s.next_sign_ms.reset();
  } else if (due || !s.next_sign_ms) {
    s.next_sign_ms = s.now_ms + kSignInterval;
  }
}

void leave_fail_open(Turn& turn) {
  if (!turn.state.failed_open || (may_fail_open(turn.state) && !failure(turn.state).admitted)) return;
  turn.hit("FAIL-4");
  turn.state.failed_open = false;
  turn.state.next_sign_ms.reset();
  OwnRule own{{}, kFailOpenPriority, {}, {}, true};
  forget_postponed(turn, own, false);
  if (!try_delete(turn, own) && !turn.erratum(31)) turn.state.own_rules.push_back(own);
}

void stand_in_after_flush(Turn& turn) {
  if (!turn.state.settings.standalone) return;
  const bool controllers = has_controllers(turn.state);
  const bool open = turn.erratum(33) ? too_long(turn, failure(turn.state)) : turn.state.failed_open;
  if (controllers && !open) return;
  if (controllers) {
    turn.hit("FAIL-3");
  } else {
    turn.hit("FAIL-1");
  }
  const OwnRule own{turn.state.settings.standalone_rule, controllers ? kFailOpenPriority : 0, {}, kNormal};
  forget_postponed(turn, own, true);
  add_or_postpone(turn, own);
}

std::optional<std::uint64_t> fail_open_due_ms(const State& state) {
  if (state.flushing || !may_fail_open(state)) return {};
  if (state.failed_open) return state.next_sign_ms;
  const Failure f = failure(state);
  if (f.admitted || (f.patience_s == 0 && state.errata[32])) return {};
  return (f.since_s + f.patience_s) * 1000;
}

void set_in_band(Turn& turn, std::uint32_t event, const event::InBand& wanted) {
  auto& rules = turn.state.in_band_rules;
  for (OwnRule& rule : rules) rule.unwanted = true;
  std::uint32_t index = 0;
  turn.hit("BAND-1");
  for (OwnRule& rule : in_band_rules(wanted)) {
    ++index;
    const auto old = std::ranges::find_if(rules, [&](const OwnRule& r) { return same_flow(r, rule); });
    if (old != rules.end()) {
      old->unwanted = false;
      continue;
    }
    rule.name = {event, index};
    rule.actions = in_band_actions(turn.state.settings);
    rules.push_back(std::move(rule));
  }
  if (wanted.remotes.empty() && turn.erratum(39)) rules.clear();
  turn.state.in_band_due_s = 0;
}

void set_in_band_queue(Turn& turn, std::uint32_t event, std::uint32_t queue) {
  if (std::exchange(turn.state.settings.in_band_queue, queue) == queue) return;
  std::uint32_t index = 0;
  for (OwnRule& rule : turn.state.in_band_rules) {
    rule.name = {event, ++index};
    rule.actions = in_band_actions(turn.state.settings);
  }
  turn.state.in_band_due_s = 0;
}

void run_in_band(Turn& turn) {
  if (turn.state.in_band_rules.empty()) return;
  turn.hit("BAND-6");
  for (OwnRule& rule : std::exchange(turn.state.in_band_rules, {})) {
    if (rule.unwanted) turn.hit("BAND-3");
    if (rule.unwanted && try_delete(turn, rule)) continue;
    if (!rule.unwanted) try_add(turn, rule);
    turn.state.in_band_rules.push_back(std::move(rule));
  }
  turn.state.in_band_due_s = turn.state.now_ms / 1000 + 1;
}

}  // namespace oftwin::model

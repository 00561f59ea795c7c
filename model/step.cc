// The door: one event in, everything that it causes out.
//
// Invariant: nothing is handled but by an iteration of the poll loop; every other event only changes what the next
// iteration will find (exceptions: what the switch is told to do by itself).
#include "model/step.h"

#include <algorithm>
#include <concepts>
#include <utility>

#include "model/async.h"
#include "model/connection.h"
#include "model/flow_mod.h"
#include "model/own_rules.h"
#include "model/provider.h"
#include "model/settings.h"
#include "model/turn.h"

namespace oftwin::model {

namespace {

constexpr std::uint32_t kMostIterations = 1000;

bool deletion_in_progress(const State& state) {
  return std::ranges::any_of(state.operations, [](const Operation& op) { return op.kind == OperationKind::remove; });
}

bool flush_can_end(const State& state) { return pending_groups(state) == 0 && !deletion_in_progress(state); }

bool flush_can_delete(const State& state) {
  std::size_t busy = 0, rules = 0;
  for (const Operation& op : state.operations) busy += op.kind != OperationKind::remove;
  for (const Table& table : state.tables) rules += table.rules.size();
  return rules > busy;
}

// When the switch must run next if nothing happens before.
std::optional<std::uint64_t> due_ms(const State& state) {
  std::optional<std::uint64_t> first = provider_due_ms(state);
  const auto also = [&](std::optional<std::uint64_t> ms) {
    if (ms && (!first || *ms < *first)) first = ms;
  };
  for (const Connection& conn : state.connections) also(silence_due_ms(conn));
  also(fail_open_due_ms(state));
  if (!state.flushing && !state.in_band_rules.empty()) also(state.in_band_due_s * 1000);
  return first;
}

bool work_to_do(const State& state) {
  const auto due = due_ms(state);
  if (provider_has_work(state) || (due && *due <= state.now_ms)) return true;
  if (std::ranges::any_of(state.connections, [&](const Connection& c) { return can_proceed(state, c); })) return true;
  if (state.flushing) return flush_can_end(state) || (!state.errata[14] && flush_can_delete(state));
  return state.own_retry;
}

observation::Wake wake(const State& state) {
  if (state.destroyed) return {observation::WakeKind::never, 0};
  if (work_to_do(state)) return {observation::WakeKind::now, 0};
  if (const auto due = due_ms(state)) return {observation::WakeKind::at, *due};
  return {observation::WakeKind::input, 0};
}

void run_flush(Turn& turn) {
  flush_pass(turn);
  if (!flush_can_end(turn.state)) return;
  turn.hit("FLUSH-2");
  stand_in_after_flush(turn);
  turn.state.flushing = false;
}

void iterate(Turn& turn, std::uint32_t index) {
  turn.iteration = index;
  std::vector<ConnName> up;
  run_provider(turn);
  const bool flushing = turn.state.flushing;
  if (!flushing) {
    retry_own_rules(turn);
    run_in_band(turn);
  }
  run_connections(turn, up);
  if (flushing) {
    run_flush(turn);
  } else {
    run_fail_open(turn);
  }
  accept_connections(turn, up);
  for (const Connection& conn : turn.state.connections) {
    if (conn.link == Link::up && std::ranges::find(up, conn.name) != up.end()) {
      turn.emit(observation::ConnUp{conn.name});
    }
  }
  turn.iteration.reset();
}

void run_loop(Turn& turn, std::uint32_t iterations) {
  turn.hit("LOOP-1");
  if (iterations > 0) {
    for (std::uint32_t i = 0; i < iterations && !turn.state.dead; ++i) iterate(turn, i);
    return;
  }
  turn.hit("LOOP-2");
  for (std::uint32_t i = 0; i < kMostIterations && !turn.state.dead && work_to_do(turn.state); ++i) iterate(turn, i);
}

void destroy(Turn& turn) {
  turn.hit("END-1");
  flush_pass(turn);
  turn.emit(observation::DestroySwitch{});
  while (!turn.state.operations.empty()) {
    const Operation& op = turn.state.operations.front();
    const RuleName rule = op.rule;
    turn.emit(observation::Complete{op.kind, rule, {}});
    complete_operation(turn, rule, {});
  }
  give_back_rules(turn);
  for (const Connection& conn : turn.state.connections) {
    if (conn.link == Link::waiting) continue;
    if (conn.link == Link::up) turn.emit(observation::ConnDown{conn.name});
    turn.emit(observation::ConnGone{conn.name});
  }
  turn.emit(observation::DeallocSwitch{});
}

// A switch that is gone: nothing but the fact is left.
void bury(State& state) {
  State grave;
  grave.config = std::move(state.config);
  grave.errata = state.errata;
  grave.dead = true;
  grave.destroyed = state.destroyed;
  state = std::move(grave);
}

template <class T, class F>
void for_kind(std::optional<OperationKind> kind, std::array<T, 3>& of, F set) {
  for (std::size_t k = 0; k < 3; ++k) {
    if (!kind || static_cast<std::size_t>(*kind) == k) set(of[k]);
  }
}

// Inputs that only one mode of the provider knows; in the other they are no-ops.
template <class E, class... Es>
constexpr bool kOneOf = (std::same_as<E, Es> || ...);
template <class E>
constexpr bool kSimulatedOnly = kOneOf<E, event::ProviderLatency, event::PacketArrives>;
template <class E>
constexpr bool kScriptedOnly =
    kOneOf<E, event::ProviderExpire, event::ProviderPacketIn, event::ProviderCounters, event::ProviderUnknownCounters,
           event::ProviderChooseTable, event::ProviderExecuteResult, event::ProviderPacketOutResult,
           event::ProviderAllocFail>;

// What each event does. An overload that is not there would not compile.
struct Handler {
  Turn& turn;
  std::uint32_t id;
  State& s = turn.state;
  Provider& provider = turn.state.provider;

  void operator()(const event::ConnOpen& e) { open_connection(turn, e.conn); }
  void operator()(const event::ConnClose& e) { close_connection(turn, e.conn); }
  void operator()(const event::PeerStall& e) { stall_connection(turn, e.conn, e.stalled); }
  void operator()(const event::Recv& e) { receive(turn, id, e.conn, e.bytes); }

  void operator()(const event::ProviderPlan& e) {
    auto& plan = provider.plan[static_cast<std::size_t>(e.kind)];
    plan.insert(plan.end(), e.answers.begin(), e.answers.end());
  }
  void operator()(const event::ProviderPolicy& e) {
    for_kind(e.kind, provider.policy, [&](Answer& answer) { answer = e.answer; });
  }
  void operator()(const event::ProviderLatency& e) {
    for_kind(e.kind, provider.latency_ms, [&](std::uint32_t& ms) { ms = e.ms; });
  }
  // What waits for the provider's next run.
  template <class E>
    requires std::constructible_from<Provider::Work, E>
  void operator()(const E& e) {
    if constexpr (kOneOf<E, event::ProviderComplete, event::ProviderExpire>) {
      turn.hit("LOOP-4");
      if (!turn.rule_exists(e.rule)) return;
    }
    provider.queue.push_back(e);
  }
  void operator()(const event::ProviderCounters& e) {
    const auto set = [&](Rule& rule) { rule.packets = e.packets, rule.bytes = e.bytes; };
    if (Rule* rule = turn.rule_in_table(e.rule)) set(*rule);
    for (Operation& op : s.operations) {
      if (op.set_aside && op.set_aside->name == e.rule) set(*op.set_aside);
    }
  }
  void operator()(const event::ProviderUnknownCounters& e) { provider.unknown_counters = e.unknown; }
  void operator()(const event::ProviderChooseTable& e) { provider.choose_table = e.answer; }
  void operator()(const event::ProviderExecuteResult& e) { provider.execute_result = e.error; }
  void operator()(const event::ProviderPacketOutResult& e) { provider.packet_out_result = e.error; }
  void operator()(const event::ProviderAllocFail& e) { provider.alloc_fails = e.fail; }

  void operator()(const event::Clock& e) { s.now_ms += e.ms; }
  void operator()(const event::Loop& e) { run_loop(turn, e.iterations); }
  void operator()(const event::Flush&) { s.flushing = true; }
  void operator()(const event::HiddenAdd& e) { add_own_rule(turn, {id, 1}, e); }
  void operator()(const event::HiddenDel& e) { delete_own_rule(turn, e); }
  void operator()(const event::SetControllers& e) { set_controllers(turn, e); }
  void operator()(const event::Reconnect&) { reconnect(turn); }
  void operator()(const event::Set& e) { set(turn, id, e); }
  void operator()(const event::Describe& e) { describe(turn, e); }
  void operator()(const event::InBand& e) { set_in_band(turn, id, e); }
  void operator()(const event::DumpFlows&) { dump_flows(turn); }
  void operator()(const event::Destroy&) {
    destroy(turn);
    s.destroyed = true;
  }
};

}  // namespace

State initial(const SwitchConfig& config, const Errata& errata) {
  State state;
  state.config = config;
  state.errata = errata;
  state.now_ms = config.clock_ms;
  state.settings.datapath_id = config.datapath_id;
  state.settings.description = config.description;
  for (const ConnName name : config.connections) {
    if (name.kind == ConnKind::snoop) continue;
    state.connections.push_back(make_connection(state, name, Link::up));
  }
  for (const PortConfig& port : config.ports) {
    const auto taken = [&](const Port& p) { return p.config.number == port.number || p.config.name == port.name; };
    if (can_be_port(port.number) && std::ranges::none_of(state.ports, taken)) state.ports.push_back({port, {}});
  }
  state.tables.resize(config.tables.size());
  return state;
}

void step(State& state, const Event& event, const Choices& choices, Outcome& out) {
  if (state.dead) {
    if (state.destroyed) out.observations.push_back(wake(state));
    return;
  }
  Turn turn{state, choices, out};
  const auto handle = [&]<class E>(const E& e) {
    if (!(simulated(state) ? kScriptedOnly<E> : kSimulatedOnly<E>)) Handler{turn, event.id}(e);
  };
  std::visit(handle, event.body);
  turn.hit("LOOP-3");
  turn.emit(wake(state));
  state.dead = state.dead || state.destroyed;
  if (state.dead) bury(state);
}

}  // namespace oftwin::model

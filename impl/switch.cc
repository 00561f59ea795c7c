// The doors of the switch and its poll loop.
#include "impl/switch.h"

#include <algorithm>

#include "impl/connection.h"
#include "impl/core.h"
#include "impl/errors.h"
#include "impl/flow_mod.h"
#include "impl/host.h"
#include "impl/operation.h"
#include "impl/own_rules.h"
#include "impl/ports.h"
#include "impl/settings.h"

namespace oftwin::impl {

struct Switch::State : Core {
  using Core::Core;
};

namespace {

// One after the other: a connection's turn may touch all the others.
void serve_all(Core& core) {
  for (std::size_t i = 0; i < core.connections.size();) {
    if (serve(core, *core.connections[i])) {
      ++i;
    } else {
      core.connections.erase(core.connections.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void run_provider(Core& core) {
  const Raised running(core.in_provider_run), completions(core.completions_welcome), packets(core.packets_welcome);
  core.provider.run(core.instance);
}

bool flush_is_over(const Core& core) { return core.n_pending_groups == 0 && core.deletions.empty(); }

// The connection of this name whose peer still talks: up, or opened and not noticed yet.
Connection* in_session(Core& core, ConnName name) {
  Connection* conn = find_connection(core, name);
  if (conn == nullptr || conn->peer_closed) return nullptr;
  const bool arriving = !conn->primary() && !conn->ended;
  return conn->up || conn->connecting || arriving ? conn : nullptr;
}

// When something of the switch's own is due.
std::uint64_t timer_at(const Core& core) {
  std::uint64_t at = core.flushing ? OFT_NEVER : watch_at(core);
  if (!core.flushing && !core.in_band.rules.empty()) at = std::min(at, core.in_band.due_s * 1000);
  for (const auto& conn : core.connections) at = std::min(at, silent_at_ms(*conn));
  return at;
}

// What needs no waiting for anything outside.
bool work_now(const Core& core) {
  if (timer_at(core) <= core.now_ms) return true;
  if (!core.arriving.empty() || (core.deferred_due && !core.flushing)) return true;
  if (core.flushing && (flush_is_over(core) || anything_to_flush(core))) return true;
  return std::ranges::any_of(core.connections, [&core](const auto& conn) { return has_work(core, *conn); });
}

// A provider that left operations open at its end: they count as done, so that nothing is lost.
void finish_leftovers(Core& core) {
  for (Operation& op : core.operations) {
    if (op.rule != nullptr) finish(core, op, {});
  }
}

void destroy_remaining_rules(Core& core) {
  for (Classifier& table : core.tables) {
    core.touched.clear();
    table.for_each([&core](ClassifierEntry& entry) { core.touched.push_back(&rule_of(entry)); });
    for (Rule* rule : core.touched) {
      table.remove(*rule);
      destroy_rule(core, *rule);
    }
  }
}

void close_connections(Core& core) {
  for (auto& conn : core.connections) {
    if (conn->up) drop(core, *conn);
    core.listener.conn_gone(conn->name);
  }
  core.connections.clear();
  core.arriving.clear();
}

OwnRule own_rule(std::uint32_t priority, const WireMatchBytes& match, ByteView actions) {
  return {priority, decode_match(match.data()), {actions.begin(), actions.end()}, true};
}

}  // namespace

Switch::Switch(const SwitchConfig& config, const oft_provider& provider, void* instance, Listener& listener)
    : state_(std::make_unique<State>(config, provider, instance, listener)) {
  Core& core = *state_;
  core.now_ms = config.clock_ms;
  make_host(core);
  auto n_tables = static_cast<std::uint32_t>(config.tables.size());
  core.destroyed = provider.attach(instance, &core.host, &core, &n_tables) != OFT_OK;
  core.tables.resize(std::clamp<std::uint32_t>(n_tables, 1, 255));
  read_ports(core);
  for (const ConnName name : config.connections) {
    if (name.kind == ConnKind::snoop || find_connection(core, name) != nullptr) continue;
    core.connections.push_back(make_connection(core, name));
    core.connections.back()->up = true;
  }
}

Switch::~Switch() { destroy(); }

void Switch::conn_opened(ConnName name) {
  Core& core = *state_;
  if (core.destroyed) return;
  Connection* conn = find_connection(core, name);
  if (conn != nullptr) {
    if (!conn->primary() || conn->up || conn->connecting) return;
    conn->connecting = true;
    conn->blocked = false;  // of a session that is over
    conn->input.clear();
  } else if (name.kind != ConnKind::primary) {
    core.arriving.push_back(make_connection(core, name));
  }
}

void Switch::conn_closed(ConnName name) {
  Connection* conn = in_session(*state_, name);
  if (conn == nullptr) return;
  if (conn->connecting) {
    // An opening that is closed before it was noticed never happened.
    conn->connecting = conn->stalled = false;
    conn->input.clear();
  } else {
    conn->peer_closed = true;
    conn->stalled = false;  // what is queued goes with the peer
    conn->queued_replies = conn->queued_packet_ins = 0;
  }
}

void Switch::conn_stalled(ConnName name, bool stalled) {
  Connection* conn = in_session(*state_, name);
  if (conn == nullptr) return;
  conn->stalled = stalled;
  if (!stalled) conn->queued_replies = conn->queued_packet_ins = 0;
}

void Switch::receive(ConnName name, ByteView bytes) {
  Connection* conn = in_session(*state_, name);
  if (conn == nullptr || conn->snoop() || bytes.empty()) return;
  heard(*state_, *conn);
  conn->input.append(bytes);
}

void Switch::set_now(std::uint64_t ms) { state_->now_ms = ms; }

void Switch::run() {
  Core& core = *state_;
  if (core.destroyed) return;
  run_provider(core);
  const bool flushing = core.flushing;
  if (!flushing) {
    if (core.deferred_due) retry_deferred(core);
    tend_in_band(core);
  }
  serve_all(core);
  if (flushing) {
    flush_pass(core);
    if (flush_is_over(core)) {
      stand_in(core);
      core.flushing = false;
    }
  } else {
    watch_controllers(core);
  }
  accept_arrivals(core);
}

observation::Wake Switch::wake() const {
  const Core& core = *state_;
  if (core.destroyed) return {observation::WakeKind::never, 0};
  const std::uint64_t at = std::min(core.provider.run_at(core.instance), timer_at(core));
  if (at <= core.now_ms || work_now(core)) return {observation::WakeKind::now, 0};
  if (at != OFT_NEVER) return {observation::WakeKind::at, at};
  return {observation::WakeKind::input, 0};
}

void Switch::flush() {
  if (!state_->destroyed) state_->flushing = true;
}

void Switch::hidden_add(std::uint32_t priority, const WireMatchBytes& match, ByteView actions) {
  if (!state_->destroyed) add_hidden(*state_, own_rule(priority, match, actions));
}

bool Switch::hidden_del(std::uint32_t priority, const WireMatchBytes& match) {
  return state_->destroyed || remove_hidden(*state_, own_rule(priority, match, {}));
}

void Switch::set_in_band(std::uint64_t local_mac, std::span<const event::InBandRemote> remotes) {
  if (!state_->destroyed) impl::set_in_band(*state_, local_mac, remotes);
}

void Switch::set_controllers(std::span<const std::uint16_t> numbers) {
  if (!state_->destroyed) impl::set_controllers(*state_, numbers);
}

void Switch::reconnect() {
  if (!state_->destroyed) reconnect_all(*state_);
}

void Switch::set(event::Setting setting, std::uint64_t value) {
  if (!state_->destroyed) apply_setting(*state_, setting, value);
}

void Switch::describe(const event::Describe& texts) { impl::describe(*state_, texts); }

void Switch::dump_flows() const {
  const Core& core = *state_;
  if (core.destroyed) return;
  for (const Classifier& table : core.tables) {
    table.for_each([&core](ClassifierEntry& entry) {
      const oft_rule& rule = rule_of(entry).face;
      std::uint64_t packets = 0, bytes = 0;
      core.provider.rule_get_stats(core.instance, &rule, &packets, &bytes);
      core.listener.flow(rule, (core.now_ms - rule.created_ms) / 1000, packets, bytes);
    });
  }
}

void Switch::destroy() {
  Core& core = *state_;
  if (core.destroyed) return;
  core.destroyed = true;
  flush_pass(core);
  {
    const Raised completions(core.completions_welcome);
    core.provider.destruct(core.instance);
  }
  finish_leftovers(core);
  destroy_remaining_rules(core);
  close_connections(core);
  if (core.provider.dealloc != nullptr) core.provider.dealloc(core.instance);
}

}  // namespace oftwin::impl

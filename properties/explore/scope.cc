#include "properties/explore/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace oftwin::explore {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Kind::count)> kNames = {
    "add",          "modify",        "modify_strict", "remove",     "remove_strict", "overlap",       "report",
    "barrier",      "stats",         "aggregate",     "echo",       "role",          "flow_format",   "no_table",
    "emergency",    "unknown_flag",  "buffer",        "packet_out", "port_mod",      "port_change",   "tos",
    "many_actions", "miss_send_len", "close",         "open",       "stall",         "own",           "flush",
    "expire",       "destroy",       "system_errors", "no_memory",  "choose_table",  "execute_error", "wrong",
    "fail_mode",    "packets",       "wrong_action",  "orders"};

Kinds set_of(std::initializer_list<Kind> kinds) {
  Kinds set;
  for (const Kind kind : kinds) set.set(static_cast<std::size_t>(kind));
  return set;
}

std::vector<Scope> make_scopes() {
  using enum Kind;
  const Kinds flow_mods = set_of({add, modify, modify_strict, remove, remove_strict});
  const Kinds core = flow_mods | set_of({barrier, stats, orders});
  std::vector<Scope> all;
  const auto scope = [&all](std::string name, std::string purpose, Kinds kinds) -> Scope& {
    Scope& s = all.emplace_back();
    s.name = std::move(name);
    s.purpose = std::move(purpose);
    s.kinds = kinds;
    return s;
  };
  {
    Scope& s = scope("protocol", "flow-mods, statistics and barriers of two controllers", core);
    s.primaries = 2, s.flows = 3, s.tables = 2;
  }
  {
    Scope& s = scope("deep", "the same, one message on its way at a time, which leads further", core);
    s.primaries = 2, s.flows = 3, s.tables = 2, s.unread = 1;
  }
  {
    Scope& s = scope("whole", "few enough messages for everything that they can lead to",
                     set_of({add, remove, barrier, stats, destroy, orders}));
    s.primaries = 2, s.unread = 1;
  }
  {
    Scope& s = scope("small", "the same with two flows in one table", core | set_of({destroy}));
    s.primaries = 2;
  }
  {
    Scope& s = scope("own", "rules of the switch's own, flushes, expiries",
                     set_of({add, modify, remove, stats, report, own, flush, expire, destroy, orders}));
    s.primaries = 2, s.flows = 1;
  }
  {
    Scope& s = scope("connections", "connections that come, go and do not read",
                     set_of({add, remove, barrier, stats, report, echo, close, open, stall, miss_send_len, flush}));
    s.primaries = 1, s.services = 1, s.flows = 1, s.variants = 1;
  }
  {
    Scope& s = scope("ends", "sessions that end while something is in progress, and who notices",
                     set_of({add, remove_strict, barrier, report, close, open}));
    s.primaries = 2, s.variants = 1;
  }
  {
    Scope& s = scope("buffers", "packets in buffers, and requests that name them",
                     set_of({add, modify, remove, buffer, packet_out, close, open, execute_error, orders}));
    s.primaries = 1, s.services = 1;
  }
  {
    Scope& s = scope("faults", "a provider that has no memory, fails with errnos, or chooses a missing table",
                     flow_mods | set_of({system_errors, no_memory, choose_table, barrier, overlap, own}));
    s.tables = 2;
  }
  {
    Scope& s = scope("roles", "masters and slaves, formats, what reaches whom",
                     set_of({add, remove, role, flow_format, report, barrier, miss_send_len, overlap, close, open}));
    s.primaries = 2, s.flows = 1, s.variants = 1;
  }
  {
    Scope& s = scope("oddities", "ports, and requests out of the ordinary",
                     set_of({add, remove, stats, aggregate, port_mod, port_change, tos, many_actions, emergency,
                             unknown_flag, no_table, miss_send_len, wrong}));
    s.flows = 1, s.tables = 2;
  }
  {
    Scope& s = scope("packets", "packets that meet flows, also while these come, change and go",
                     flow_mods | set_of({packets, wrong_action, barrier, orders}));
    s.unread = 1;
  }
  {
    Scope& s = scope("standalone", "a switch that may help itself, with its controllers there",
                     set_of({add, remove, barrier, own, flush, fail_mode, orders}));
    s.primaries = 2, s.flows = 1;
  }
  return all;
}

}  // namespace

std::string_view name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

const std::vector<Scope>& scopes() {
  static const std::vector<Scope> all = make_scopes();
  return all;
}

const Scope* find_scope(std::string_view name) {
  const auto it = std::find_if(scopes().begin(), scopes().end(), [&](const Scope& s) { return s.name == name; });
  return it == scopes().end() ? nullptr : &*it;
}

std::string describe(const Scope& s) {
  std::vector<std::string_view> kinds;
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (s.kinds[k]) kinds.push_back(kNames[k]);
  }
  return fmt::format(
      "{} primary and {} service connections, {} flows x {} action lists, {} tables, {} unread messages a connection "
      "and {} in all, "
      "{} pieces of provider work waiting, at most {} pending groups, {} packet buffers, {} unsent replies; {}",
      s.primaries, s.services, s.flows, s.variants, s.tables, s.inbox, s.unread, s.queue, s.limits.pending_groups,
      s.limits.packet_buffers, s.limits.unsent_replies, fmt::join(kinds, ", "));
}

SwitchConfig config_of(const Scope& scope) {
  SwitchConfig config;
  config.tables.resize(scope.tables);
  config.limits = scope.limits;
  config.connections.clear();
  for (unsigned n = 1; n <= scope.primaries; ++n) {
    config.connections.push_back({ConnKind::primary, static_cast<std::uint16_t>(n)});
  }
  for (unsigned n = 1; n <= scope.services; ++n) {
    config.connections.push_back({ConnKind::service, static_cast<std::uint16_t>(n)});
  }
  const auto add_port = [&](unsigned number) {
    PortConfig port;
    port.number = static_cast<std::uint16_t>(number);
    port.hw_addr = {0xaa, 0x55, 0xaa, 0x55, 0, static_cast<std::uint8_t>(number)};
    port.name = fmt::format("p{}", number);
    config.ports.push_back(port);
  };
  if (scope.has(Kind::port_mod) || scope.has(Kind::port_change)) add_port(1);
  if (scope.has(Kind::packets)) {
    config.provider = ProviderMode::simulated;
    for (unsigned f = 1; f <= scope.flows; ++f) add_port(f);
    for (unsigned v = 1; v <= scope.variants; ++v) add_port(10 + v);
  }
  return config;
}

}  // namespace oftwin::explore

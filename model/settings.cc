// Settings. Invariant: what follows from one at once is done here; the rest is what the next iteration finds.
#include "model/settings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/connection.h"
#include "model/own_rules.h"

namespace oftwin::model {

namespace {

constexpr std::uint32_t kLowestEvictionThreshold = 100;  // flows
constexpr std::uint32_t kShortestProbeInterval = 5;      // seconds

void set_datapath_id(Turn& turn, std::uint64_t id) {
  turn.hit("SET-3");
  if (id == 0) id = turn.state.config.datapath_id;
  if (std::exchange(turn.state.settings.datapath_id, id) != id) reconnect(turn);
}

void set_standalone(Turn& turn, std::uint32_t event, bool standalone) {
  Settings& settings = turn.state.settings;
  if (settings.standalone == standalone) return;
  settings.standalone = standalone;
  settings.standalone_rule = {event, 1};
  leave_fail_open(turn);
  if (!has_controllers(turn.state)) turn.state.flushing = true;
}

void set_probe_interval(Turn& turn, std::uint32_t seconds) {
  if (seconds != 0) seconds = std::max(seconds, kShortestProbeInterval);
  turn.state.settings.probe_interval_s = seconds;
  for (Connection& c : turn.state.connections) {
    if (c.is_primary()) c.probe_interval_s = seconds;
  }
}

}  // namespace

void set_controllers(Turn& turn, const event::SetControllers& wanted) {
  turn.hit("SET-1");
  State& state = turn.state;
  const bool had_some = has_controllers(state);
  for (const std::uint16_t number : wanted.numbers) {
    const ConnName name{ConnKind::primary, number};
    if (turn.connection(name)) continue;
    const auto at = std::ranges::find(state.connections, Link::waiting, &Connection::link);  // those come later
    state.connections.insert(at, make_connection(state, name, Link::down));
  }
  std::vector<ConnName> removed;
  for (const Connection& c : state.connections) {
    const bool kept = std::ranges::find(wanted.numbers, c.name.number) != wanted.numbers.end();
    if (c.is_primary() && !kept) removed.push_back(c.name);
  }
  for (const ConnName name : removed) destroy_connection(turn, name);
  leave_fail_open(turn);
  if (had_some == has_controllers(state)) return;
  turn.hit("SET-2");
  state.flushing = true;
}

void reconnect(Turn& turn) {
  turn.hit("SET-4");
  for (Connection& c : turn.state.connections) {
    if (c.link == Link::up && c.name.kind != ConnKind::snoop) end_session(turn, c);
  }
}

void set(Turn& turn, std::uint32_t event, const event::Set& wanted) {
  const auto value = static_cast<std::uint32_t>(wanted.value);
  switch (wanted.setting) {
    case event::Setting::datapath_id:
      return set_datapath_id(turn, wanted.value);
    case event::Setting::standalone:
      return set_standalone(turn, event, wanted.value != 0);
    case event::Setting::probe_interval:
      return set_probe_interval(turn, value);
    case event::Setting::in_band_queue:
      turn.hit("BAND-2");
      return set_in_band_queue(turn, event, value);
    case event::Setting::eviction_threshold:
      turn.hit("SET-6");
      return turn.emit(observation::EvictionThreshold{std::max(value, kLowestEvictionThreshold)});
  }
}

void describe(Turn& turn, const event::Describe& wanted) {
  turn.hit("SET-5");
  Description& d = turn.state.settings.description;
  const auto take = [](std::string& text, const std::optional<std::string>& wish) { text = wish.value_or(text); };
  take(d.mfr_desc, wanted.mfr_desc);
  take(d.hw_desc, wanted.hw_desc);
  take(d.sw_desc, wanted.sw_desc);
  take(d.serial_num, wanted.serial_num);
  take(d.dp_desc, wanted.dp_desc);
}

}  // namespace oftwin::model

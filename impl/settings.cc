// Settings take effect at once, outside any iteration.
#include "impl/settings.h"

#include <algorithm>
#include <cstddef>

#include "impl/connection.h"
#include "impl/own_rules.h"

namespace oftwin::impl {

namespace {

constexpr std::uint32_t kLeastEvictionThreshold = 100;
constexpr std::uint32_t kLeastProbeInterval_s = 5;

std::size_t count_controllers(const Core& core) {
  return static_cast<std::size_t>(
      std::ranges::count_if(core.connections, [](const auto& conn) { return conn->primary(); }));
}

void set_standalone(Core& core, bool standalone) {
  if (core.fail_open.standalone == standalone) return;
  core.fail_open.standalone = standalone;
  recover(core);
  if (count_controllers(core) == 0) core.flushing = true;
}

void set_probe_interval(Core& core, std::uint32_t seconds) {
  core.probe_interval_s = seconds == 0 ? 0 : std::max(seconds, kLeastProbeInterval_s);
  for (const auto& conn : core.connections) {
    if (conn->primary()) conn->probe_interval_s = core.probe_interval_s;
  }
}

void set_datapath_id(Core& core, std::uint64_t id) {
  if (id == 0) id = core.config.datapath_id;
  if (core.datapath_id == id) return;
  core.datapath_id = id;
  reconnect_all(core);
}

// A provider that was built before there was such a function is not asked for it.
void set_eviction_threshold(Core& core, std::uint32_t flows) {
  constexpr std::size_t needed = offsetof(oft_provider, set_eviction_threshold) + sizeof(void*);
  if (core.provider.size < needed || core.provider.set_eviction_threshold == nullptr) return;
  core.provider.set_eviction_threshold(core.instance, std::max(flows, kLeastEvictionThreshold));
}

}  // namespace

void set_controllers(Core& core, std::span<const std::uint16_t> numbers) {
  const std::size_t before = count_controllers(core);
  for (const std::uint16_t number : numbers) {
    const ConnName name{ConnKind::primary, number};
    if (find_connection(core, name) == nullptr) core.connections.push_back(make_connection(core, name));
  }
  for (std::size_t i = 0; i < core.connections.size();) {
    Connection& conn = *core.connections[i];
    if (!conn.primary() || std::ranges::find(numbers, conn.name.number) != numbers.end()) {
      ++i;
      continue;
    }
    destroy_connection(core, conn);
    core.connections.erase(core.connections.begin() + static_cast<std::ptrdiff_t>(i));
  }
  recover(core);
  if ((before == 0) != (count_controllers(core) == 0)) core.flushing = true;
}

void reconnect_all(Core& core) {
  for (const auto& conn : core.connections) {
    if (conn->up && !conn->snoop()) drop(core, *conn);
  }
}

void apply_setting(Core& core, event::Setting setting, std::uint64_t value) {
  const auto narrow = static_cast<std::uint32_t>(value);
  switch (setting) {
    case event::Setting::datapath_id:
      return set_datapath_id(core, value);
    case event::Setting::standalone:
      return set_standalone(core, value != 0);
    case event::Setting::probe_interval:
      return set_probe_interval(core, narrow);
    case event::Setting::in_band_queue:
      return set_in_band_queue(core, narrow);
    case event::Setting::eviction_threshold:
      return set_eviction_threshold(core, narrow);
  }
}

void describe(Core& core, const event::Describe& texts) {
  Description& d = core.config.description;
  if (texts.mfr_desc) d.mfr_desc = *texts.mfr_desc;
  if (texts.hw_desc) d.hw_desc = *texts.hw_desc;
  if (texts.sw_desc) d.sw_desc = *texts.sw_desc;
  if (texts.serial_num) d.serial_num = *texts.serial_num;
  if (texts.dp_desc) d.dp_desc = *texts.dp_desc;
}

}  // namespace oftwin::impl

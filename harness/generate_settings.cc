// Addresses, queues and numbers of which there are few, so that settings change back and forth, and rules of in-band
// control share addresses.
#include "harness/generate_settings.h"

#include <array>

#include "harness/trace.h"

namespace oftwin::harness {
namespace {

event::SetControllers draw_controllers(Source& s) {
  event::SetControllers e;
  for (std::uint64_t n = s.chance(15) ? 0 : s.between(1, 3); n > 0; --n) {
    e.numbers.push_back(static_cast<std::uint16_t>(s.between(1, 3)));
  }
  return e;
}

event::Set draw_value(Source& s) {
  constexpr std::array<std::uint64_t, 3> datapath_ids = {0, 1, 5};
  constexpr std::array<std::uint64_t, 5> intervals = {0, 1, 5, 5, 7};
  constexpr std::array<std::uint64_t, 3> queues = {kNoQueue, 0, 0x01020304};
  constexpr std::array<std::uint64_t, 4> thresholds = {0, 99, 100, 70000};
  switch (s.below(8)) {
    case 0:
      return {event::Setting::datapath_id, s.pick(datapath_ids)};
    case 1:
    case 2:
    case 3:
      return {event::Setting::standalone, s.chance(70) ? 1u : 0u};
    case 4:
    case 5:
      return {event::Setting::probe_interval, s.pick(intervals)};
    case 6:
      return {event::Setting::in_band_queue, s.pick(queues)};
    default:
      return {event::Setting::eviction_threshold, s.pick(thresholds)};
  }
}

event::Describe draw_description(Source& s) {
  event::Describe e;
  for (auto* text : {&e.mfr_desc, &e.hw_desc, &e.sw_desc, &e.serial_num, &e.dp_desc}) {
    constexpr std::array<std::size_t, 5> sizes = {0, 3, 31, 32, 256};
    if (s.chance(40)) *text = std::string(s.pick(sizes), 'x');
  }
  return e;
}

event::InBand draw_in_band(Source& s) {
  event::InBand e;
  if (s.chance(60)) e.local_mac = s.between(1, 2);
  for (std::uint64_t n = s.chance(25) ? 0 : s.between(1, 2); n > 0; --n) {
    event::InBandRemote& remote = e.remotes.emplace_back();
    remote.ip = 0x0a000001 + static_cast<std::uint32_t>(s.below(2));
    remote.port = static_cast<std::uint16_t>(6633 + s.below(2));
    remote.next_hop_mac = s.below(3);
  }
  return e;
}

}  // namespace

EventBody draw_setting(Source& s) {
  switch (s.below(10)) {
    case 0:
    case 1:
      return draw_controllers(s);
    case 2:
      return event::Reconnect{};
    case 3:
      return draw_description(s);
    case 4:
      return draw_in_band(s);
    case 5:
      return event::DumpFlows{};
    default:
      return draw_value(s);
  }
}

std::uint32_t most_own_rules(const EventBody& body) {
  constexpr std::uint32_t all_in_band = 3 + 6 * kMaxRemotes;
  if (std::holds_alternative<event::HiddenAdd>(body)) return 1;
  if (std::holds_alternative<event::InBand>(body)) return all_in_band;
  const auto* set = std::get_if<event::Set>(&body);
  if (set != nullptr && set->setting == event::Setting::standalone) return 1;
  return set != nullptr && set->setting == event::Setting::in_band_queue ? all_in_band : 0;
}

}  // namespace oftwin::harness

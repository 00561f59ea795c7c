#include "harness/subject/freedoms.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>

#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// What keeps its order among its own; nullopt: nothing of a packet, and nothing passes it.
std::optional<std::uint32_t> stream_of(const Observation& o) {
  constexpr std::uint32_t lookups = 0x10000, handed_up = 0x20000;
  if (std::holds_alternative<ob::Lookup>(o)) return lookups;
  if (const auto* tx = std::get_if<ob::PacketTx>(&o)) return tx->port;
  const auto* send = std::get_if<ob::Send>(&o);
  if (send != nullptr && send->bytes.size() > 1 && send->bytes[1] == OFPT_PACKET_IN) return handed_up;
  return std::nullopt;
}

void bring_to_front(const Observation& want, std::span<Observation> got) {
  const auto stream = stream_of(want);
  if (!stream) return;
  const auto end = std::find_if(got.begin(), got.end(), [](const Observation& o) { return !stream_of(o); });
  auto first = std::find_if(got.begin(), end, [&](const Observation& o) { return stream_of(o) == stream; });
  if (first == end) return;
  // Copies on one port have no order among each other.
  if (std::holds_alternative<ob::PacketTx>(want)) {
    if (const auto same = std::find(first, end, want); same != end) first = same;
  }
  std::rotate(got.begin(), first, first + 1);
}

void copy_unknown(Bytes& want, const Bytes& got, std::size_t at, std::size_t end) {
  for (; at + 8 <= end; at += 8) {
    const auto first = got.begin() + static_cast<std::ptrdiff_t>(at);
    if (std::all_of(first, first + 8, [](std::uint8_t b) { return b == 0xff; })) {
      std::fill_n(want.begin() + static_cast<std::ptrdiff_t>(at), 8, std::uint8_t{0xff});
    }
  }
}

void forget_unknown(Bytes& want, const Bytes& got) {
  if (want.size() != got.size() || want.size() < wire::stats_msg::size || want[1] != OFPT_STATS_REPLY) return;
  const unsigned type = unsigned{want[wire::stats_msg::type.offset]} << 8 | want[wire::stats_msg::type.offset + 1];
  std::size_t record = 0, counters = 0;
  if (type == OFPST_PORT) record = wire::port_stats::size, counters = wire::port_stats::rx_packets.offset;
  if (type == OFPST_TABLE) record = wire::table_stats::size, counters = wire::table_stats::lookup_count.offset;
  if (record == 0) return;
  for (std::size_t at = wire::stats_msg::size; at + record <= want.size(); at += record) {
    copy_unknown(want, got, at + counters, at + record);
  }
}

}  // namespace

void use_freedoms(Observation& want, std::span<Observation> got) {
  if (got.empty()) return;
  bring_to_front(want, got);
  auto* wanted = std::get_if<ob::Send>(&want);
  const auto* sent = std::get_if<ob::Send>(&got.front());
  if (wanted != nullptr && sent != nullptr) forget_unknown(wanted->bytes, sent->bytes);
}

}  // namespace oftwin::harness

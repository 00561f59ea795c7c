#include "harness/live/ports.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/live/tags.h"
#include "harness/spelling.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

std::uint64_t number_at(ByteView record, wire::Field field) {
  std::uint64_t out = 0;
  for (const std::uint8_t b : record.subspan(field.offset, field.size)) out = out << 8 | b;
  return out;
}

}  // namespace

void Ports::begin(std::uint64_t number, Heard& heard) {
  number_ = number;
  heard_ = &heard;
  ports_.clear();
  for (const std::uint16_t port : cables_.ports()) {
    ports_[port].over = false;
    heard.frames[port];
    if (cables_.pads(port)) heard.padded.insert(port);
  }
  for (std::string& stray : strays_) heard.oddities.push_back(std::move(stray));
  strays_.clear();
}

bool Ports::sort() {
  bool any = false;
  while (auto out = cables_.take()) {
    any = true;
    One& port = ports_[out->port];
    if (const auto end = sentinel_number(out->frame)) {
      // One of an earlier scenario was sent again, and has come twice.
      port.over = port.over || *end == static_cast<std::uint32_t>(number_);
    } else if (port.over) {
      strays_.push_back(
          fmt::format("port {} sends a frame that nothing has caused: {}", out->port, print_hex(out->frame)));
    } else {
      heard_->frames[out->port].push_back(std::move(out->frame));
    }
  }
  return any;
}

std::vector<std::uint16_t> Ports::open() const {
  std::vector<std::uint16_t> out;
  for (const auto& [number, port] : ports_) {
    if (!port.over) out.push_back(number);
  }
  return out;
}

void Ports::counted(ByteView reply) {
  namespace w = wire::port_stats;
  constexpr std::uint64_t unknown = UINT64_MAX;
  for (ByteView rest = reply.subspan(std::min<std::size_t>(reply.size(), wire::stats_msg::size));
       rest.size() >= w::size; rest = rest.subspan(w::size)) {
    const auto found = ports_.find(static_cast<std::uint16_t>(number_at(rest, w::port_no)));
    if (found == ports_.end()) continue;
    const std::uint64_t packets = number_at(rest, w::rx_packets), dropped = number_at(rest, w::rx_dropped);
    const std::uint64_t sum = packets + (dropped == unknown ? 0 : dropped);
    One& port = found->second;
    if (!port.counts) port.expected += sum;
    port.counts = packets != unknown;
    port.counted = sum;
  }
}

void Ports::count_anew() {
  for (auto& [number, port] : ports_) {
    port.counts = false;
    port.expected = 0;
  }
}

void Ports::put(std::uint16_t port, ByteView frame) {
  cables_.put(port, frame);
  ++ports_[port].expected;
}

bool Ports::arrived(std::uint16_t port) const {
  const One& one = ports_.at(port);
  return one.given_up || !one.counts || one.counted >= one.expected;
}

}  // namespace oftwin::harness::live

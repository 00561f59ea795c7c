// The ports of the datapath: their configuration, and what went through them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "impl/provider.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::sim {

struct Port {
  PortConfig config;
  std::uint64_t rx_packets = 0, rx_bytes = 0, rx_dropped = 0, tx_packets = 0, tx_bytes = 0;
};

oft_port describe(const PortConfig& config);

// Invariant: numbers and names are unique; `ascending` lists the same ports by number.
class Ports {
 public:
  explicit Ports(const std::vector<PortConfig>& configs);

  Port* find(std::uint16_t number);  // nullptr: none
  const std::vector<Port>& in_order() const { return ports_; }
  // Positions in in_order(), by ascending number: the order in which a frame is flooded.
  const std::vector<std::size_t>& ascending() const { return ascending_; }
  Port& at(std::size_t position) { return ports_[position]; }

  // A device is known by its name: one that is added or changed is from then on the only one of its name and number,
  // and if it was that before, it keeps its counters and all of its configuration but whether it is down. False if
  // there is nothing to change: a number that no port has.
  bool change(event::PortChangeKind kind, const PortConfig& config);

 private:
  Port* find(std::string_view name);
  void erase(Port* port);  // nullptr: nothing
  void sort();

  std::vector<Port> ports_;
  std::vector<std::size_t> ascending_;
};

}  // namespace oftwin::sim

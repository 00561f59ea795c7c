#include "datapath-sim/ports.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace oftwin::sim {

oft_port describe(const PortConfig& c) {
  oft_port p{};
  p.size = sizeof p;
  p.number = c.number;
  std::copy(c.hw_addr.begin(), c.hw_addr.end(), p.hw_addr);
  std::memcpy(p.name, c.name.data(), std::min(c.name.size(), sizeof p.name - 1));
  p.config = c.config;
  p.state = c.state;
  p.curr = c.curr;
  p.advertised = c.advertised;
  p.supported = c.supported;
  p.peer = c.peer;
  return p;
}

Ports::Ports(const std::vector<PortConfig>& configs) {
  for (const PortConfig& c : configs) change(event::PortChangeKind::add, c);
}

Port* Ports::find(std::uint16_t number) {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.config.number == number; });
  return at == ports_.end() ? nullptr : &*at;
}

bool Ports::change(event::PortChangeKind kind, const PortConfig& config) {
  Port* port = find(config.number);
  switch (kind) {
    case event::PortChangeKind::add:
      if (port != nullptr) return false;
      ports_.push_back({config});
      break;
    case event::PortChangeKind::remove:
      if (port == nullptr) return false;
      ports_.erase(ports_.begin() + (port - ports_.data()));
      break;
    case event::PortChangeKind::modify:
      if (port == nullptr) return false;
      port->config = config;
      break;
  }
  sort();
  return true;
}

void Ports::sort() {
  ascending_.resize(ports_.size());
  std::iota(ascending_.begin(), ascending_.end(), std::size_t{0});
  std::sort(ascending_.begin(), ascending_.end(),
            [&](std::size_t a, std::size_t b) { return ports_[a].config.number < ports_[b].config.number; });
}

}  // namespace oftwin::sim

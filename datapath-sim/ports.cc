#include "datapath-sim/ports.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "spec/openflow.h"

namespace oftwin::sim {
namespace {

// Other numbers stand for something that is no port.
bool exists(std::uint16_t number) { return (number != 0 && number < OFPP_MAX) || number == OFPP_LOCAL; }

}  // namespace

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
  for (const PortConfig& c : configs) {
    if (exists(c.number) && find(c.number) == nullptr && find(c.name) == nullptr) ports_.push_back({c});
  }
  sort();
}

Port* Ports::find(std::uint16_t number) {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.config.number == number; });
  return at == ports_.end() ? nullptr : &*at;
}

Port* Ports::find(std::string_view name) {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.config.name == name; });
  return at == ports_.end() ? nullptr : &*at;
}

bool Ports::change(event::PortChangeKind kind, const PortConfig& config) {
  Port* port = find(config.number);
  if (!exists(config.number) || (port == nullptr && kind == event::PortChangeKind::remove)) return false;
  if (port != nullptr && port->config.name == config.name && kind != event::PortChangeKind::remove) {
    const std::uint32_t kept = port->config.config & ~std::uint32_t{OFPPC_PORT_DOWN};
    port->config = config;
    port->config.config = kept | (config.config & OFPPC_PORT_DOWN);
    return true;
  }
  erase(port);
  if (kind != event::PortChangeKind::remove) {
    erase(find(config.name));
    ports_.push_back({config});
  }
  sort();
  return true;
}

void Ports::erase(Port* port) {
  if (port != nullptr) ports_.erase(ports_.begin() + (port - ports_.data()));
}

void Ports::sort() {
  ascending_.resize(ports_.size());
  std::iota(ascending_.begin(), ascending_.end(), std::size_t{0});
  std::sort(ascending_.begin(), ascending_.end(),
            [&](std::size_t a, std::size_t b) { return ports_[a].config.number < ports_[b].config.number; });
}

}  // namespace oftwin::sim

// A port's configuration is the controllers' to change, all but whether it is down; the rest is the device's. A device
// is known by its name. Invariant: no number and no name is there twice.
#include "impl/ports.h"

#include <algorithm>
#include <cstring>

#include "impl/async.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::uint32_t kDeviceConfig = OFPPC_PORT_DOWN;
constexpr std::uint32_t kChangeable =
    OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN;

bool same_name(const oft_port& a, const oft_port& b) { return std::strncmp(a.name, b.name, sizeof a.name) == 0; }

auto find_port(Core& core, std::uint16_t number) {
  return std::ranges::find(core.ports, number, [](const oft_port& port) { return port.number; });
}

// The port of this name.
auto find_named(Core& core, const oft_port& named) {
  return std::ranges::find_if(core.ports, [&](const oft_port& port) { return same_name(port, named); });
}

// Other numbers mean something else in an action or a match.
bool addressable(std::uint16_t number) { return (number != 0 && number < OFPP_MAX) || number == OFPP_LOCAL; }

void drop_port(Core& core, std::vector<oft_port>::iterator port) {
  const oft_port gone = *port;
  core.ports.erase(port);
  send_port_status(core, OFPPR_DELETE, gone);
}

// Whether anything has changed that a device decides.
bool renew(oft_port& port, const oft_port& device) {
  const std::uint32_t config = (port.config & ~kDeviceConfig) | (device.config & kDeviceConfig);
  if (config == port.config && device.state == port.state && device.curr == port.curr &&
      device.advertised == port.advertised && device.supported == port.supported && device.peer == port.peer &&
      std::equal(port.hw_addr, port.hw_addr + sizeof port.hw_addr, device.hw_addr)) {
    return false;
  }
  port = device;
  port.config = config;
  return true;
}

}  // namespace

void read_ports(Core& core) {
  const std::uint32_t n = core.provider.get_ports(core.instance, nullptr, 0);
  std::vector<oft_port> reported(n);
  for (oft_port& port : reported) port.size = sizeof port;
  if (n > 0) core.provider.get_ports(core.instance, reported.data(), n);
  for (const oft_port& port : reported) {
    const bool taken = find_port(core, port.number) != core.ports.end() || find_named(core, port) != core.ports.end();
    if (addressable(port.number) && !taken) core.ports.push_back(port);
  }
}

Verdict handle_port_mod(Core& core, ByteView m) {
  const std::uint8_t* p = m.data();
  const auto port = find_port(core, get<wire::port_mod::port_no>(p));
  if (port == core.ports.end()) return refuse(kBadPort);
  if (!std::equal(port->hw_addr, port->hw_addr + sizeof port->hw_addr, p + wire::port_mod::hw_addr.offset)) {
    return refuse(kBadHwAddr);
  }
  const std::uint32_t mask = get<wire::port_mod::mask>(p) & kChangeable;
  const std::uint32_t old_config = port->config;
  port->config = (old_config & ~mask) | (get<wire::port_mod::config>(p) & mask);
  if (port->config != old_config) {
    core.provider.port_reconfigured(core.instance, port->number, old_config, port->config);
  }
  return kDone;
}

void port_changed(Core& core, oft_port_change change, const oft_port& changed) {
  if (!addressable(changed.number)) return;
  const auto port = find_port(core, changed.number);
  const bool known = port != core.ports.end();
  if (change == OFT_PORT_DELETE) {
    if (known) drop_port(core, port);
    return;
  }
  // Whether it is new is not for the provider to say.
  if (known && same_name(*port, changed)) {
    if (renew(*port, changed)) send_port_status(core, OFPPR_MODIFY, *port);
    return;
  }
  if (known) drop_port(core, port);
  if (const auto elsewhere = find_named(core, changed); elsewhere != core.ports.end()) drop_port(core, elsewhere);
  core.ports.push_back(changed);
  send_port_status(core, OFPPR_ADD, changed);
}

}  // namespace oftwin::impl

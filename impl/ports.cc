// A port's configuration is the controllers' to change; what the provider reports of a port replaces what was known.
#include "impl/ports.h"

#include <algorithm>

#include "impl/async.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

constexpr std::uint32_t kChangeable =
    OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN;

auto find_port(Core& core, std::uint16_t number) {
  return std::ranges::find(core.ports, number, [](const oft_port& port) { return port.number; });
}

}  // namespace

void read_ports(Core& core) {
  const std::uint32_t n = core.provider.get_ports(core.instance, nullptr, 0);
  core.ports.resize(n);
  for (oft_port& port : core.ports) port.size = sizeof port;
  if (n > 0) core.provider.get_ports(core.instance, core.ports.data(), n);
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
  const auto port = find_port(core, changed.number);
  const bool known = port != core.ports.end();
  if (known == (change == OFT_PORT_ADD)) return;  // it does not fit what is known
  if (change == OFT_PORT_DELETE) {
    const oft_port gone = *port;
    core.ports.erase(port);
    send_port_status(core, OFPPR_DELETE, gone);
  } else if (change == OFT_PORT_MODIFY) {
    *port = changed;
    send_port_status(core, OFPPR_MODIFY, changed);
  } else {
    core.ports.push_back(changed);
    send_port_status(core, OFPPR_ADD, changed);
  }
}

}  // namespace oftwin::impl

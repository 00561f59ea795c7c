// The switch's ports: what a controller may change, and what the provider says has changed.
#pragma once

#include "impl/dispatch.h"

namespace oftwin::impl {

void read_ports(Core& core);
Verdict handle_port_mod(Core& core, ByteView message);
void port_changed(Core& core, oft_port_change change, const oft_port& port);

}  // namespace oftwin::impl

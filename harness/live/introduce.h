// What a switch says about itself before it is judged, and which of Nicira's extensions it takes: asked, not assumed.
#pragma once

#include "harness/live/link.h"
#include "spec/config.h"

namespace oftwin::harness::live {

struct Introduction {
  SwitchConfig config;    // simulated provider; its connections are for the campaign to say
  bool table_id = false;  // flow-mods may name tables
  bool nxm = false;       // extended matches
  bool roles = false;     // this connection may ask for a role
  bool accepted = false;  // the switch accepts connections, it does not make them: they can be opened again
};

// Asks for features, description, tables and extensions, and leaves the extensions off. throws LinkError when the
// switch does not answer before `deadline`, or with something that cannot be read.
Introduction introduce(Link& link, net::Deadline deadline);
// Whether the switch at the other end of `link` is the one with that datapath id. throws LinkError likewise.
bool is_the_same(Link& link, std::uint64_t datapath_id, net::Deadline deadline);

}  // namespace oftwin::harness::live

// What a switch says about itself before it is judged, and which of Nicira's extensions it takes: asked, not assumed.
#pragma once

#include "harness/live/link.h"
#include "spec/config.h"

namespace oftwin::harness::live {

struct Introduction {
  SwitchConfig config;    // simulated provider, no connections
  bool table_id = false;  // flow-mods may name tables
  bool nxm = false;       // extended matches
  bool roles = false;     // this connection may ask for a role
};

// Asks for features, description, tables and extensions, and leaves the extensions off. throws LinkError when the
// switch does not answer before `deadline`, or with something that cannot be read.
Introduction introduce(Link& link, net::Deadline deadline);

}  // namespace oftwin::harness::live

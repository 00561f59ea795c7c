// What the switch of a capture is like: from its own replies, wherever in the capture they are; from a profile, as far
// as there are none; and what stays unknown.
#pragma once

#include <optional>

#include "harness/capture.h"
#include "harness/profile.h"
#include "spec/config.h"

namespace oftwin::harness {

struct SessionConfig {
  SwitchConfig config;           // its connections are for the session to say
  bool ports_known = false;      // which there are
  bool addresses_known = false;  // of the ports
  // The capture has the handshake, and that before anything was asked of flows: as far as it shows, there were none.
  bool from_the_beginning = false;
};

SessionConfig learn_session_config(const Capture& capture, const Profile* profile);

}  // namespace oftwin::harness

// OpenFlow 1.0 action lists: what is accepted, and what a list does to a frame.
#pragma once

#include <cstdint>

#include "datapath-sim/rewrite.h"
#include "impl/provider.h"
#include "spec/bytes.h"

namespace oftwin::sim {

// source: OpenFlow 1.0, enum ofp_port.
inline constexpr std::uint16_t kPortMax = 0xff00, kPortInPort = 0xfff8, kPortTable = 0xfff9, kPortNormal = 0xfffa,
                               kPortFlood = 0xfffb, kPortAll = 0xfffc, kPortController = 0xfffd, kPortLocal = 0xfffe;

// OFT_OK, or OFPET_BAD_ACTION with the code for the first action of the list that is wrong.
oft_error validate_actions(ByteView actions);

// Where a frame goes when an action sends it somewhere.
class Forwarder {
 public:
  virtual ~Forwarder() = default;
  // `port` may be virtual; `max_len` matters to OFPP_CONTROLLER alone. May rewrite the frame further.
  virtual void output(std::uint16_t port, std::uint16_t max_len, Rewriter& frame) = 0;
};

// `actions` have been validated.
void execute_actions(ByteView actions, Rewriter& frame, Forwarder& forwarder);

}  // namespace oftwin::sim

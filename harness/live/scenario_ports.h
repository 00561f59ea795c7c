// What scenarios with cables have beside what all have: frames that arrive on ports, and flows and packet-outs that
// send to ports, so that much is there to be heard.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/generate_message.h"
#include "harness/source.h"
#include "spec/event.h"

namespace oftwin::harness::live {

// Whether one of these cables can bring that frame.
bool can_arrive(const event::PacketArrives& frame, const std::vector<std::uint16_t>& cables);

class PortDrawer {
 public:
  // All outlive this. `cables` is not empty.
  PortDrawer(Source& source, MessageGenerator& messages, const std::vector<std::uint16_t>& cables)
      : source_(source), messages_(messages), cables_(cables) {}

  event::PacketArrives arrival();  // of a length that no cable fills up
  Bytes message();                 // a flow-mod or a packet-out

 private:
  Bytes action();
  Bytes actions();

  Source& source_;
  MessageGenerator& messages_;
  const std::vector<std::uint16_t>& cables_;
};

}  // namespace oftwin::harness::live

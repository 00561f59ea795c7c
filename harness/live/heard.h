// What a switch said while a scenario was played, sorted by what it answers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "spec/bytes.h"
#include "spec/names.h"

namespace oftwin::harness::live {

// Sent of the switch's own accord, on one connection. Each kind is in order; there is no order among kinds.
struct Unasked {
  std::deque<Bytes> packet_ins, flow_removed, port_status;
};

struct Heard {
  // By the position of the message's event in the scenario; messages of other types than these stand here, too.
  std::vector<std::vector<Bytes>> replies;
  std::map<ConnName, Unasked> unasked;
  std::vector<std::uint64_t> passed_ms;              // by the position of each Clock event: the time that really passed
  std::uint64_t elapsed_ms = 0;                      // from the first byte sent to the last one heard
  std::vector<Bytes> table_baseline, port_baseline;  // statistics replies from before the scenario
  std::vector<std::string> oddities;                 // what the switch said that answers nothing
  // By port that has a cable, frames in the order in which they left it; on some they may have been filled up with
  // zeros.
  std::map<std::uint16_t, std::deque<Bytes>> frames;
  std::set<std::uint16_t> padded;
  bool packet_ins_mixed = false;  // those of two scenarios cannot be told apart
  bool accepted = false;          // the switch accepted the connections, it did not make them
};

}  // namespace oftwin::harness::live

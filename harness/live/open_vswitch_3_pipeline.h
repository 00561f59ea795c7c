// A packet's way through Open vSwitch 3: lookups, actions, outputs, and the frames that go to the controller and out of
// ports, exactly. Beside it goes the law's packet, so that it is known where, and by which reading, the ways part.
//
// Invariant: a way without readings is the law's; the state is only looked at, and changed by apply() alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/live/reading.h"
#include "model/state.h"
#include "model/step.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/names.h"

namespace oftwin::harness::live::ovs3 {

struct Arrived {
  std::uint16_t in_port = 0;
  ByteView frame;
  std::optional<ByteView> actions;  // of a packet-out, checked; nothing: it arrived on a port, and has been let in
};

struct Way {
  struct Lookup {
    std::uint8_t table = 0;
    std::optional<RuleName> rule;
    bool matched = false;  // counted as a match
  };
  struct Out {
    std::uint16_t port = 0;  // OFPP_CONTROLLER or a port
    Bytes frame;
    PacketInReason reason = PacketInReason::action;
  };
  std::uint16_t in_port = 0;
  std::size_t size = 0;                    // of the frame, as rules count it
  std::vector<std::string_view> readings;  // by which it is not the law's
  std::string_view leaves;                 // it is not known beyond that reading
  Error refused;                           // nothing happens but this
  bool normal = false;                     // it went out of ports that are not known
  std::vector<Lookup> lookups;
  std::vector<Out> outs;
};

// choices: which of several rules of equal priority it meets.
Way follow(const model::State& state, const Memory& memory, const Arrived& arrived, const model::Choices& choices);

// What comes of a way that is neither refused nor left. `outcome` gets packet-ins and frames on ports, in order.
void apply(const Way& way, model::State& state, Memory& memory, model::Outcome& outcome);

}  // namespace oftwin::harness::live::ovs3

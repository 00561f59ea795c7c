// What a recorded scenario's rules make of a frame, by the law and with labels in force (packets_reading.h): a copy of
// the way through the model's datapath, with the model's own matching and actions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/packets_file.h"
#include "harness/packets_reading.h"
#include "spec/match.h"
#include "spec/names.h"

namespace oftwin::harness {

// A rule that the law or the recorded switch accepts.
struct PacketRule {
  RuleName name;
  std::uint64_t cookie = 0;
  std::uint8_t table = 0;
  std::uint32_t priority = 0;
  Match sent;                            // as the message has it
  Match match;                           // as the law has it: normalized
  Masked<std::uint32_t> fifth_register;  // of the recorded switch
  Bytes actions;
  bool lawful = true;                      // the law accepts it
  std::optional<PacketLabel> other_there;  // the recorded switch decides otherwise, because of this
};

struct PacketPrediction {
  struct Lookup {
    std::uint8_t table = 0;
    std::optional<std::size_t> rule;  // nullopt: a miss
    bool operator==(const Lookup&) const = default;
  };
  struct Hit {
    std::optional<std::size_t> rule;  // whose list sends it up; nullopt: a miss
    std::uint16_t in_port = 0;
    PacketMeta meta;
    Bytes frame;
  };
  std::vector<Lookup> lookups;
  std::vector<Hit> hits;              // that go to the controller, in order
  std::vector<std::size_t> executed;  // rules, in order
  std::vector<OpenBytes> open;
  bool refused = false;  // nothing comes of it but an error
};

// The frame enters by a packet-out with output to TABLE.
PacketPrediction predict(const std::vector<PacketRule>& rules, std::uint16_t in_port, ByteView frame,
                         PacketLabels in_force);

}  // namespace oftwin::harness

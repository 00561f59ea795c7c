// Recorded packets of a real switch (corpus/recordings/packets/README.md), read from their files.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "spec/bytes.h"

namespace oftwin::harness {

// What belonged to the packet and does not show in its frame. The recorded switch has 16 registers, of which the
// scenarios use five.
struct PacketMeta {
  std::uint64_t tun_id = 0;
  std::array<std::uint32_t, 5> reg{};
  bool operator==(const PacketMeta&) const = default;
};

// One packet-in that a frame caused.
struct PacketHit {
  std::uint64_t cookie = 0;  // of the rule whose list the output stands in; 0: a miss
  PacketMeta meta;
  bool miss = false;
  std::uint16_t in_port = 0, total_len = 0;
  Bytes frame;
};

struct PacketProbe {
  std::uint16_t in_port = 0;
  Bytes frame;
  std::vector<PacketHit> hits;  // in the order of execution
  Bytes error;                  // the answer to the packet-out, if it was one
};

// One entry of flow statistics: what an OpenFlow 1.0 switch can say of it, too.
struct PacketFlow {
  std::uint64_t cookie = 0, packets = 0, bytes = 0;
  std::uint16_t priority = 0, idle_timeout = 0, hard_timeout = 0;
  std::uint8_t table = 0;
  Bytes actions;
  bool operator==(const PacketFlow&) const = default;
};

struct PacketScenario {
  std::string id, theme;
  bool table_ids = false;     // a flow-mod's command says the table, too
  std::vector<Bytes> rules;   // whole messages
  std::vector<Bytes> errors;  // of each rule: empty, or the whole error message
  std::vector<PacketProbe> probes;
  std::vector<PacketFlow> final_flows;
};

// Whether it looks like one of these files, packed or not, from the keys with which its first line begins.
bool is_packets_file(const std::string& path);

// Calls `visit` for each scenario; stops early when it returns false. throws RecordingError (harness/recording.h).
void read_packet_scenarios(const std::string& path, const std::function<bool(const PacketScenario&)>& visit);

}  // namespace oftwin::harness

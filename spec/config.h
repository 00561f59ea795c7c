// The head of a trace: what the switch is before anything happens to it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/bytes.h"
#include "spec/names.h"

namespace oftwin {

// scripted: the provider's answers, counters, verdicts on actions and packets handed up are inputs.
// simulated: the datapath is part of what is checked; the model predicts packets and counters.
enum class ProviderMode : std::uint8_t { scripted, simulated };

struct PortConfig {
  std::uint16_t number = 0;
  std::array<std::uint8_t, 6> hw_addr{};
  std::string name;                                                 // at most 15 bytes
  std::uint32_t config = 0;                                         // OFPPC_*
  std::uint32_t state = 0;                                          // OFPPS_*
  std::uint32_t curr = 0, advertised = 0, supported = 0, peer = 0;  // OFPPF_*
  bool operator==(const PortConfig&) const = default;
};

struct TableConfig {
  std::string name;  // at most 31 bytes
  std::uint32_t wildcards = 0x003fffff;
  std::uint32_t max_entries = 1000000;
  bool operator==(const TableConfig&) const = default;
};

// source: OpenFlow 1.0 ofp_desc_stats. The defaults are those of `make_default_config`'s caller; see harness.
struct Description {
  std::string mfr_desc, hw_desc, sw_desc, serial_num, dp_desc;
  bool operator==(const Description&) const = default;
};

// How much a switch takes on. The defaults are the law; small ones make what they bound reachable in few steps.
struct Limits {
  std::uint16_t pending_groups = 50;   // at least 1 (OP-4)
  std::uint16_t packet_buffers = 256;  // slots of a connection that has any, 1 to 256 (BUF-1)
  std::uint16_t unsent_replies = 100;  // at least 1 (CONN-1, CONN-8)
  bool operator==(const Limits&) const = default;
};

struct SwitchConfig {
  ProviderMode provider = ProviderMode::scripted;
  std::vector<TableConfig> tables = std::vector<TableConfig>(1);  // 1 to 255
  std::vector<PortConfig> ports;  // in the order of the features reply; OFPP_LOCAL included if there
  std::vector<ConnName> connections = {ConnName{ConnKind::primary, 1}};  // up at the start, in the order of service
  std::uint64_t datapath_id = 1;
  std::uint32_t n_buffers = 256;  // as announced; 0: no connection has any
  Limits limits;
  std::uint32_t capabilities = 0x87;  // OFPC_FLOW_STATS | TABLE_STATS | PORT_STATS | ARP_MATCH_IP
  std::uint32_t actions = 0xfff;      // bitmap of supported OFPAT_*
  std::uint64_t clock_ms = 1000000;   // virtual time at the start
  Description description;
  bool operator==(const SwitchConfig&) const = default;
};

}  // namespace oftwin

// The switch that a trace means when its head says little, and how ports and descriptions are spelled where they differ
// from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/words.h"
#include "spec/config.h"

namespace oftwin::harness {

// Port N is p<N> with hardware address aa:55:aa:55 and N; OFPP_LOCAL is br0 with 0 in place of N.
PortConfig default_port(std::uint16_t number);
// One table, the ports as given, one primary connection, texts of a switch called oftwin.
SwitchConfig default_config(const std::vector<std::uint16_t>& ports = {1, 2, 3});

// ` hw_addr=.. name=".." ..`: what differs from default_port().
std::string print_port_fields(const PortConfig& port);
// The other way: takes all remaining words. Throws SyntaxError.
PortConfig parse_port_fields(std::uint16_t number, Words& words);

}  // namespace oftwin::harness

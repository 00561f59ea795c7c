// What a frame is: the fields that matches look at, and where the headers that actions rewrite lie.
//
// Total over any bytes: what does not fit is treated as not being there. Invariant: an offset that is not 0 points at a
// header that lies inside the frame as a whole.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::sim {

inline constexpr std::size_t kEthernetHeader = 14;

struct Packet {
  enum class Transport : std::uint8_t { none, tcp, udp };

  FlowKey key;
  bool fragment = false;  // an IPv4 header says so; the key's ports are 0 then
  std::size_t l3 = 0;     // the IPv4 header; 0: none, or none that can be trusted
  std::size_t l4 = 0;     // the TCP or UDP header over that IPv4 header; 0: none, or a fragment, or not whole
  Transport transport = Transport::none;  // what lies at l4
};

// Fewer than 14 bytes: a key of zeros except for the port.
Packet parse(ByteView frame, std::uint16_t in_port);

}  // namespace oftwin::sim

// From a captured packet to the TCP segment in it: link layers, VLAN tags, IPv4 and IPv6.
//
// Invariant: a segment's payload lies within the captured bytes; what would reach beyond them is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "spec/bytes.h"

namespace oftwin::harness {

struct Endpoint {
  std::string address;  // as text
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

struct TcpSegment {
  Endpoint from, to;
  std::uint32_t sequence = 0;
  bool syn = false, ack = false, fin = false, rst = false;
  ByteView payload;
};

// Whether find_segment() understands packets of this link type (a DLT_* number of libpcap).
bool knows_link_type(int link_type);

// nullopt: the packet is not TCP. `whole_length` is the packet's length on the wire, which may exceed what was
// captured. throws std::runtime_error with what is wrong with a packet that is TCP but can't be read.
std::optional<TcpSegment> find_segment(int link_type, ByteView packet, std::size_t whole_length);

}  // namespace oftwin::harness

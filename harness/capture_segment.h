// From a captured packet to the TCP segment in it: link layers, VLAN tags, IPv4 and IPv6.
//
// Invariant: a segment's payload lies within the captured bytes; where more belongs to it, `defect` says so.
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
  ByteView payload;            // as far as it was captured
  std::size_t whole_size = 0;  // of the payload, as the headers have it; of a fragment's, at least; 0 with a defect:
                               // the header is not readable
  std::string defect;  // why the payload is not all there, or the segment cannot be used at all; empty: it is whole
};

// Whether find_segment() understands packets of this link type (a DLT_* number of libpcap).
bool knows_link_type(int link_type);

// nullopt: the packet is not TCP, or so little of it is there that its ports are not known. `whole_length` is the
// packet's length on the wire, which may exceed what was captured.
std::optional<TcpSegment> find_segment(int link_type, ByteView packet, std::size_t whole_length);

}  // namespace oftwin::harness

// What a frame looks like to a match, and where the headers stand that actions may rewrite.
//
// Invariant: every byte that is read is inside the frame; a header that is not there whole leaves its fields zero.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "spec/bytes.h"
#include "spec/clauses.h"
#include "spec/match.h"

namespace oftwin::model {

using Clauses = std::bitset<kMaxClauses>;  // those that a function made true

inline constexpr std::size_t kEthernetHeader = 14;  // bytes; a shorter frame is none

struct Headers {
  FlowKey key;
  // Offsets from the start of the frame.
  std::optional<std::size_t> ipv4;       // of a whole IPv4 header
  std::optional<std::size_t> transport;  // of a whole TCP or UDP header over IPv4, in a packet that is no fragment
  bool ipv4_fragment = false;
  struct Arp {
    std::uint8_t opcode = 0;  // its low byte
    std::uint32_t source = 0, target = 0;
  };
  std::optional<Arp> whole_arp;  // for IPv4 over Ethernet, whatever its opcode
  bool ports_missing = false;    // the protocol has ports (or a type and code), but they are not there to be read
};

// source: the clauses PKT-1 to PKT-9 of spec/packet.md
Headers parse(ByteView frame, std::uint16_t in_port, Clauses& hit);

FlowKey extract(ByteView frame, std::uint16_t in_port);

}  // namespace oftwin::model

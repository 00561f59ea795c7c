// The fields that registers are loaded with and moved between, as the extended match names them.
#pragma once

#include <cstdint>

#include "spec/match.h"

namespace oftwin::sim {

// One for each place in a key, not for each name: the ports of TCP and UDP are one field.
enum class Field : std::uint8_t {
  in_port,
  dl_dst,
  dl_src,
  dl_type,
  vlan_tci,
  nw_tos,
  nw_proto,
  nw_src,
  nw_dst,
  tp_src,
  tp_dst,
  icmp_type,  // the low bytes of tp_src and tp_dst
  icmp_code,
  arp_sha,
  arp_tha,
  tun_id,
  ipv6_src,
  ipv6_dst,
  nd_target,
  reg0,
  reg1,
  reg2,
  reg3,
};

// What a flow's match, or a packet, says about its protocols; 0: nothing.
struct Protocols {
  std::uint16_t dl_type = 0;
  std::uint8_t nw_proto = 0;
};

struct NamedField {
  std::uint32_t header;  // of an NXM entry without a mask
  Field field;
  std::uint8_t bits;
  bool writable;
  std::uint16_t dl_type = 0, or_dl_type = 0;  // what packets must be; 0: anything
  std::uint8_t nw_proto = 0;

  bool allowed(const Protocols& packets) const;
};

// nullptr: no field has that header.
const NamedField* find_field(std::uint32_t header);

// A field of at most 64 bits.
std::uint64_t read(const FlowKey& key, Field field);
// Any field's bits from `shift` on, at most 64 of them.
std::uint64_t read_bits(const FlowKey& key, Field field, unsigned shift);
// Bits that the field does not have are dropped. `field` is a writable one.
void write(FlowKey& key, Field field, std::uint64_t value);

}  // namespace oftwin::sim

// Extended matches (NXM) as they stand on the wire <-> words, one for each entry and in the order of the entries.
//
// An entry is spelled by the name that ovs-ofctl has for its field: in_port=1 dl_type=0x0800 nw_src=10.0.0.0/255.0.0.0
// tun_id=0x1/0xff ipv6_dst=fe80::1. Entries that have no such name (an unknown type, a length that is not the field's,
// a header cut off) are `nxm=HEX`, with everything behind them. So both directions lose nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "spec/bytes.h"

namespace oftwin::harness {

// Separated by spaces; empty for no entries.
std::string print_nxm(ByteView entries);

// Collects the entries of one match. Reads the shorthands ip, ipv6, arp, tcp, udp, icmp, tcp6, udp6, icmp6, too.
class NxmParser {
 public:
  enum class Result { ok, unknown_field, bad_value };
  // `value` is nullopt for a bare word (tcp).
  Result field(std::string_view key, std::optional<std::string_view> value);
  const Bytes& match() const { return entries_; }

 private:
  Bytes entries_;
};

// The name of an entry's type (NxmType); empty if it has none.
std::string_view nxm_name(std::uint32_t type);

// One entry. value: as long as the field's; mask: as long, or empty.
Bytes nxm_entry(std::uint32_t type, ByteView value, ByteView mask = {});

}  // namespace oftwin::harness

// ovs-ofctl's flow syntax <-> matches as they stand on the wire.
//
// Fields: in_port dl_src dl_dst dl_vlan dl_vlan_pcp dl_type nw_src nw_dst nw_tos nw_proto tp_src tp_dst icmp_type
// icmp_code, and the shorthands ip arp icmp tcp udp. What is not named is wildcarded. The wire can say more than that
// (wildcard bits without a meaning, address wildcard counts of 33 to 63, values under a wildcard): then
// `wildcards=0x..` gives the word as sent and every field that is not zero is named. So both directions lose nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/request.h"
#include "spec/match.h"

namespace oftwin::harness {

// What a fully wildcarded match says in a request, and in what the switch itself encodes (address counts of 32).
inline constexpr std::uint32_t kRequestWildcards = OFPFW_ALL;
inline constexpr std::uint32_t kReplyWildcards = 0x003820ff;

// Separated by spaces, empty if everything is wildcarded. `absent` is the wildcards word of a match that names nothing.
std::string print_wire_match(const WireMatch& match, std::uint32_t absent = kRequestWildcards);

// Collects the fields of one match.
class MatchParser {
 public:
  enum class Result { ok, unknown_field, bad_value };
  // `value` is nullopt for a bare word (tcp).
  Result field(std::string_view key, std::optional<std::string_view> value);
  WireMatch match() const;

 private:
  void shorthand(std::uint16_t dl_type, std::optional<std::uint8_t> nw_proto);
  bool address(std::string_view value, unsigned shift, std::uint32_t& out);

  WireMatch match_;
  std::optional<std::uint32_t> wildcards_;
};

}  // namespace oftwin::harness

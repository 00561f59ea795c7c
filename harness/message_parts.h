// What a message from a controller speaks about, read as far as it can be read: also of a message that is broken
// somewhere. For profiles: which features does it need?
//
// Invariant: nothing is read beyond the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/profile.h"
#include "harness/request.h"

namespace oftwin::harness {

struct MessageParts {
  bool malformed = false;  // no message that harness/request.h knows
  bool nicira = false;     // a vendor message, or statistics, of Nicira
  bool extended = false;   // a flow-mod or statistics with an extended match, or the choice of that form
  bool role = false, table_id = false, port_mod = false, queue_config = false;
  std::optional<std::uint16_t> statistics;  // OFPST_*, of requests
  std::uint16_t flags = 0;                  // OFPFF_*
  bool idle_timeout = false, hard_timeout = false;
  std::optional<WireMatch> match;
  ByteView entries;  // of an extended match
  ByteView actions;
};
MessageParts parts_of(ByteView message);

// 0 if there is none.
std::uint32_t xid_in(ByteView message);

// The bit that wildcards field i (of kMatchFields); 0 for addresses.
std::uint32_t wildcard_bit(std::size_t field);
// The masks that field i (of kMatchFields) has in a match: none, if it is wildcarded.
Masks asked_masks(const WireMatch& match, std::size_t field);
// The address wildcards of nw_src or nw_dst: how many low bits are not compared, up to 32.
unsigned address_wildcards(const WireMatch& match, std::size_t field);

// One entry of an extended match: where in nxm::fields its type is (nullopt: unknown, or not of that length).
struct NxmEntry {
  ByteView bytes;
  std::optional<std::size_t> field;
  Masks masks = Masks::exact;  // how its mask is shaped
};
// Ends with the first that is cut off.
std::vector<NxmEntry> cut_entries(ByteView entries);

struct WireAction {
  ByteView bytes;
  std::uint16_t type = 0;
  std::optional<std::uint16_t> nicira;  // the subtype
  std::optional<std::uint16_t> port;    // of an output or an enqueue
};
// Ends with the first whose length cannot be.
std::vector<WireAction> cut_actions(ByteView actions);

}  // namespace oftwin::harness

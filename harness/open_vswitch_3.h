// What Open vSwitch 3.1 takes and refuses, as far as a 2011 controller can ask it: the checks of a match and of a list
// of actions, in its order. Written from its documentation (ovs-fields(7), ovs-actions(7)) and from what it was seen to
// answer.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/request.h"
#include "spec/bytes.h"
#include "spec/error.h"

namespace oftwin::harness::ovs3 {

// What a match, or a packet, says about the layers that other fields and actions need.
struct Layers {
  std::uint16_t dl_type = 0;
  std::uint8_t nw_proto = 0;
  std::uint16_t tp_src = 0;  // ICMPv6: the type
  bool later_fragment = false;
};

enum class Answer : std::uint8_t { takes, refuses, unknown };
struct Check {
  Answer answer = Answer::takes;
  Error error;                    // refuses
  bool masks_of_its_own = false;  // takes masks, or prerequisites, that 2011 does not know
};

// Entries of an extended match, without padding; `layers` becomes what they say.
Check check_match(ByteView entries, Layers& layers);
// The layers of an OpenFlow 1.0 match.
Layers layers_of(const WireMatch& match);
// A list of actions for packets that have these layers.
Check check_actions(ByteView actions, const Layers& layers);

// Whether a bundle_load among these actions is wrong in what Open vSwitch 3.1 forgets to check. Some such kill it as
// soon as a packet meets them.
bool loads_unchecked_bundle(ByteView actions);
// Whether a `controller` action (which came after 2011) among these gives a reason that does not exist. The first
// packet that meets it ends Open vSwitch 3.1.
bool names_impossible_reason(ByteView actions);

inline constexpr Error kMatchInconsistent = nicira_error(1, 522), kBadSetType = nicira_error(1, 523),
                       kBadSetLen = nicira_error(1, 524), kBadSetArgument = nicira_error(1, 525),
                       kBadWildcards = nicira_error(1, 262), kBadField = nicira_error(0, 263),
                       kBadFlags = nicira_error(3, 258), kUnencodable = nicira_error(1, 521),
                       kMustBeZero = nicira_error(1, 515);

}  // namespace oftwin::harness::ovs3

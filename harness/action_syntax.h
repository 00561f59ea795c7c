// ovs-ofctl's syntax of actions <-> a list of actions as it stands on the wire.
//
// Actions of which the wire has more than the syntax (padding, unknown types, broken framing) are `raw:HEX`;
// `output:2*8180` is 8180 times output:2. So both directions lose nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "spec/bytes.h"

namespace oftwin::harness {

struct ActionsOrError {
  Bytes actions;
  std::string error;       // empty if all is well
  std::size_t column = 0;  // of the error, from 0, within the text
};
ActionsOrError parse_actions(std::string_view text);

}  // namespace oftwin::harness

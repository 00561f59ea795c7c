// Action lists as readers of OpenFlow 1.0 may differ about them: what a switch may refuse though the law takes it, and
// what it may take though the law refuses it.
//
// Invariant: without another reading nothing is refused or changed here; a wrong list is then refused where it is used.
#pragma once

#include <vector>

#include "model/action.h"
#include "model/turn.h"

namespace oftwin::model {

enum class ListOf : std::uint8_t { flow, deletion, packet };

// The errors of all actions that are wrong, in the order of the list.
std::vector<Error> wrong_actions(ByteView actions, Layers layers);

// An error: this switch refuses the list. Bits without a meaning are cleared in `actions` if it does not look at them.
Error read_actions(Turn& turn, Bytes& actions, Layers layers, ListOf list);

}  // namespace oftwin::model

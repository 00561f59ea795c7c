// Plainer versions of action lists, for the minimizer to try (simplify.h): of OpenFlow 1.0's actions and of Nicira's.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "harness/request.h"

namespace oftwin::harness {

// No action; without one, for each; output:1 in place of one, or of all; one with a plain field.
std::vector<Bytes> simpler_actions(const Bytes& actions);

// The kind of an action: its type and, of Nicira's, its subtype.
struct ActionKind {
  std::uint16_t type = 0, nicira = 0;
  auto operator<=>(const ActionKind&) const = default;
};
std::vector<ActionKind> action_kinds(const Bytes& actions);
Bytes without_actions(const Bytes& actions, ActionKind kind);

}  // namespace oftwin::harness

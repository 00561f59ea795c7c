// Names of things in traces and observations.
//
// A rule is named after the message that made it, never by a running count, so that dropping
// other events from a trace does not rename it. An operation needs no name of its own: a rule has at
// most one operation in progress (OP-1), so "the operation on rule e3" is unambiguous.
#pragma once

#include <compare>
#include <cstdint>

namespace oftwin {

// The rule made by the `index`-th (1-based) thing that event `event` made. A recv event's message number
// `index` (in the order in which its messages became complete) makes at most one rule, whose name does not change
// when the message is postponed and handled again. event 0 means "provisional": a subject's own count, which the
// harness replaces by the model's name when the two are paired.
struct RuleName {
  std::uint32_t event = 0;
  std::uint32_t index = 0;
  auto operator<=>(const RuleName&) const = default;
};

enum class ConnKind : std::uint8_t { primary, service, snoop };

// `c1`, `c2` .. are primary connections (to a configured controller), `s1`, `s2` .. service connections (accepted by
// a listener), `n1`, `n2` .. snooping ones (accepted by another, and told what a primary says and hears). Numbers start
// at 1. A service or snooping connection's name is free again when it is gone.
struct ConnName {
  ConnKind kind = ConnKind::primary;
  std::uint16_t number = 0;
  auto operator<=>(const ConnName&) const = default;
};

}  // namespace oftwin

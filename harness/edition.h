// Editions by name (spec/errata.md): `corrected`, `ovs-2011`, or a list of errata such as E-03,E-07, among which may be
// clauses of kind freedom: those in whose other reading the switch is.
#pragma once

#include <optional>
#include <string_view>

#include "model/state.h"

namespace oftwin::harness {

inline constexpr std::string_view kCorrected = "corrected", kOriginal = "ovs-2011";

// nullopt if it is none of these.
std::optional<model::Errata> parse_edition(std::string_view name);

}  // namespace oftwin::harness

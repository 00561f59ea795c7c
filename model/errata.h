// Which defects of the seed are in force: an edition is a set of errata.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

namespace oftwin::model {

// E-01 is bit 1. The list, with what each is, stands in spec/errata.md; a test keeps the two equal.
using Errata = std::bitset<64>;

}  // namespace oftwin::model

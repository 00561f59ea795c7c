// The theorems of each area; theorems() puts them together.
#pragma once

#include <vector>

#include "properties/prove/theorem.h"

namespace oftwin::prove {

std::vector<Theorem> match_theorems();
std::vector<Theorem> packed_theorems();
std::vector<Theorem> wire_theorems();
std::vector<Theorem> nxm_theorems();
std::vector<Theorem> classifier_theorems();
std::vector<Theorem> datapath_theorems();
std::vector<Theorem> number_theorems();

}  // namespace oftwin::prove

// The texts that the command is built with, so that it needs no source tree beside it: known differences, ledgers,
// errata.
#pragma once

#include <span>
#include <string_view>

namespace oftwin::harness {

struct BuiltIn {
  std::string_view path;  // in the source tree, such as corpus/ledger/open-vswitch-3.1.ledger
  std::string_view text;
};

// Sorted by path. harness/CMakeLists.txt says which files these are.
std::span<const BuiltIn> built_in();

// The text of one of them. throws std::out_of_range.
std::string_view built_in(std::string_view path);

}  // namespace oftwin::harness

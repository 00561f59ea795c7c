// Files that were damaged on the way: a sound one in, and what a disk, a network, an editor or somebody with a grudge
// made of it out. The same seed makes the same damage on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace oftwin::cli {

// One to four wounds: cut, flipped, zeroed, doubled, moved; numbers and words that are out of all bounds; control
// bytes, broken UTF-8, line ends of other systems, a byte order mark; brackets without end. Sometimes nothing of it is
// left.
std::string damaged(std::string_view sound, std::uint64_t seed);

}  // namespace oftwin::cli

// The exit codes of every command; docs/exit-codes.md explains them, --help lists those of each.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace oftwin::cli {

inline constexpr int kAgreed = 0;    // agreement, or done
inline constexpr int kDiverged = 1;  // a divergence, a failed proof
inline constexpr int kUsage = 2;     // bad usage, an input that cannot be read, an output that cannot be written
inline constexpr int kLost = 3;      // the subject crashed, hung or went away
inline constexpr int kStopped = 4;   // a signal stopped it before its end, and nothing was found until then

// That of the worse of two.
constexpr int worse(int a, int b) {
  constexpr auto rank = [](int code) { return code == kStopped ? 1 : code == kAgreed ? 0 : code + 1; };
  return rank(a) >= rank(b) ? a : b;
}

// What is said below the options of `command`: a line for each of its codes.
std::string exit_codes_of(std::string_view command);

}  // namespace oftwin::cli

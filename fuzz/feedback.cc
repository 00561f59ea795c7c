#include "fuzz/feedback.h"

namespace oftwin::fuzz {
namespace {

#if defined(__linux__) && defined(__clang__)
__attribute__((used, section("__libfuzzer_extra_counters")))
#endif
std::uint8_t counters[harness::kFeatures];

}  // namespace

// Whether, not how often: each count would be news, and the corpus would drown in it.
void Feedback::event(const harness::Lockstep& lockstep) {
  for (const std::size_t feature : walk_.event(lockstep)) counters[feature] = 1;
}

}  // namespace oftwin::fuzz

#include "cli/until.h"

#include <fmt/format.h>

#include <algorithm>

namespace oftwin::cli {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Until::Until(std::uint64_t seconds) : end_(Clock::now() + std::chrono::seconds(seconds)), seconds_(seconds) {}

bool Until::over() const { return asked_to_stop() || (seconds_ != 0 && Clock::now() >= end_); }

bool Until::overdue() const {
  constexpr std::chrono::seconds grace(2);
  return asked_to_stop() || (seconds_ != 0 && Clock::now() >= end_ + grace);
}

std::string Until::why() const { return asked_to_stop() ? stop_reason() : fmt::format("its {} s were over", seconds_); }

std::function<bool()> Until::minimizing() const {
  const std::chrono::seconds most(kMinimizing_s), part(std::max<std::uint64_t>(seconds_ / kMinimizingPart, 1));
  const Clock::time_point end = Clock::now() + (seconds_ != 0 ? std::min(part, most) : most);
  return [this, end] { return over() || Clock::now() >= end; };
}

}  // namespace oftwin::cli

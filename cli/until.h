// When long work ends before its count: after a time, or when somebody asks for it (stop.h). What has been judged until
// then is reported as ever.
//
// Minimizing is within that time. One finding may take a part of the whole, so that it does not use up what there is to
// look for others; without a limit, kMinimizing_s.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/stop.h"

namespace oftwin::cli {

class Until {
 public:
  static constexpr unsigned kMinimizing_s = 60, kMinimizingPart = 5;

  // seconds: 0 is no limit.
  explicit Until(std::uint64_t seconds);
  bool over() const;
  std::string why() const;  // once it is over
  // It was asked to stop, or has been over for so long that what goes on is left where it is.
  bool overdue() const;

  // For the minimizer of one finding, which begins now: whether it has to be content with what it has.
  std::function<bool()> minimizing() const;

 private:
  Stoppable stoppable_;
  std::chrono::steady_clock::time_point end_;
  std::uint64_t seconds_;
};

}  // namespace oftwin::cli

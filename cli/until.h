// When a check ends before its count: after a time, or when somebody asks for it (SIGINT, SIGTERM). What has been
// judged until then is reported as ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace oftwin::cli {

class Until {
 public:
  // seconds: 0 is no limit. From now on these signals ask for the end; a second SIGINT is the end.
  explicit Until(std::uint64_t seconds);
  bool over() const;
  std::string why() const;  // once it is over

 private:
  std::chrono::steady_clock::time_point end_;
  std::uint64_t seconds_;
};

}  // namespace oftwin::cli

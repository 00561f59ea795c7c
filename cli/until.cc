#include "cli/until.h"

#include <fmt/format.h>

#include <csignal>

namespace oftwin::cli {
namespace {

volatile std::sig_atomic_t asked = 0;

extern "C" void ask(int) { asked = 1; }

}  // namespace

Until::Until(std::uint64_t seconds)
    : end_(std::chrono::steady_clock::now() + std::chrono::seconds(seconds)), seconds_(seconds) {
  struct sigaction action{};
  action.sa_handler = ask;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);  // timeout(1) sends it twice
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

bool Until::over() const { return asked != 0 || (seconds_ != 0 && std::chrono::steady_clock::now() >= end_); }

std::string Until::why() const {
  return asked != 0 ? "it was asked to stop" : fmt::format("its {} s were over", seconds_);
}

}  // namespace oftwin::cli

// asio, for this folder alone.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <optional>

#include "harness/net/channel.h"

namespace oftwin::net {

struct Reactor::Inside {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::optional<asio::signal_set> caught;
  unsigned signals = 0;
  std::function<bool()> stop;  // may be empty

  std::size_t first_until(Deadline deadline);

  void wait_for_signal();
};

}  // namespace oftwin::net

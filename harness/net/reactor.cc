#include "harness/net/reactor.h"

#include <csignal>

namespace oftwin::net {

Reactor::Reactor() : inside_(std::make_unique<Inside>()) {}
Reactor::~Reactor() = default;

bool Reactor::wait(Deadline deadline) {
  // The first handler is waited for; what else is ready runs with it, but not what that makes ready in turn for ever:
  // a peer that never pauses must not keep the caller here.
  constexpr int kAtOnce = 1024;
  asio::io_context& io = inside_->io;
  int done = deadline <= Clock::now() ? static_cast<int>(io.poll_one()) : static_cast<int>(io.run_one_until(deadline));
  while (done > 0 && done < kAtOnce && io.poll_one() > 0) ++done;
  return done > 0;
}

void Reactor::Inside::wait_for_signal() {
  caught->async_wait([this](const asio::error_code& error, int) {
    if (error) return;
    ++signals;
    wait_for_signal();
  });
}

void Reactor::catch_signals() {
  asio::error_code error;
  inside_->caught.emplace(inside_->io);
  inside_->caught->add(SIGINT, error);
  if (!error) inside_->caught->add(SIGTERM, error);
  if (error) throw NetError("signals: " + error.message());
  inside_->wait_for_signal();
}

unsigned Reactor::signals() const { return inside_->signals; }

}  // namespace oftwin::net

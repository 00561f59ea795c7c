#include "harness/net/reactor.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace oftwin::net {

Reactor::Reactor() : inside_(std::make_unique<Inside>()) {}
Reactor::~Reactor() = default;

bool Reactor::wait(Deadline deadline) {
  // The first handler is waited for; what else is ready runs with it, but not what that makes ready in turn for ever:
  // a peer that never pauses must not keep the caller here.
  constexpr int kAtOnce = 1024;
  asio::io_context& io = inside_->io;
  int done = static_cast<int>(deadline <= Clock::now() ? io.poll_one() : inside_->first_until(deadline));
  while (done > 0 && done < kAtOnce && io.poll_one() > 0) ++done;
  return done > 0;
}

// The first that happens; 0: nothing until `deadline`.
std::size_t Reactor::Inside::first_until(Deadline deadline) {
  constexpr std::chrono::milliseconds kLook(100);
  for (;;) {
    if (stop && stop()) throw Stopped();
    const Deadline until = stop ? std::min(deadline, Clock::now() + kLook) : deadline;
    const std::size_t done = io.run_one_until(until);
    if (done > 0 || until == deadline) return done;
  }
}

void Reactor::stop_when(std::function<bool()> stop) { inside_->stop = std::move(stop); }

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

#include "harness/live/links.h"

#include <algorithm>
#include <chrono>

namespace oftwin::harness::live {

Links::Links(net::Reactor& reactor, net::Meeting& meeting, net::Deadline deadline, std::uint64_t answer_ms)
    : reactor_(reactor), meeting_(meeting), answer_ms_(answer_ms) {
  links_[0] = std::make_unique<Link>(meeting_, deadline, KeepAlive{answer_ms_});
}

Link* Links::add(net::Deadline deadline) {
  try {
    links_[size_] = std::make_unique<Link>(meeting_, deadline, KeepAlive{answer_ms_});
  } catch (const LinkError& e) {
    why_not_ = e.what();
    return nullptr;
  }
  return links_[size_++].get();
}

void Links::close(std::size_t link) {
  if (!is_open(link)) return;
  links_[link]->flush(net::Clock::now() + std::chrono::milliseconds(answer_ms_));
  links_[link].reset();
}

void Links::open(std::size_t link) {
  if (is_open(link)) return;
  links_[link] = std::make_unique<Link>(meeting_, net::Clock::now() + std::chrono::milliseconds(answer_ms_),
                                        KeepAlive{answer_ms_});
}

std::optional<Links::From> Links::poll() {
  for (std::size_t i = 0; i < size_; ++i) {
    if (!links_[i] || (i >= used_ && links_[i]->over())) continue;
    if (const auto message = links_[i]->poll()) return From{i, *message};
  }
  return std::nullopt;
}

void Links::keep_alive() {
  for (std::size_t i = 0; i < used_; ++i) {
    if (links_[i]) links_[i]->keep_alive();
  }
}

std::optional<Links::From> Links::next(net::Deadline deadline) {
  for (;;) {
    if (const auto from = poll()) return from;
    net::Deadline until = deadline;
    for (std::size_t i = 0; i < used_; ++i) {
      if (links_[i]) until = std::min(until, links_[i]->due());
    }
    if (reactor_.wait(until)) continue;
    keep_alive();
    if (net::Clock::now() >= deadline) return poll();
  }
}

}  // namespace oftwin::harness::live

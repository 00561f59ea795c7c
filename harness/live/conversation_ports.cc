// Frames in a conversation: put on ports, and time for ports to send what they have.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/live/played.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBurst = 8;  // packets; a port keeps what they send until it has gone out
constexpr milliseconds kQuiet{1};
constexpr std::uint64_t kUnasked_ms = 20;  // for a frame to arrive while all connections are closed

}  // namespace

// What was said before is finished, the frame is put on its port, and the port counts it.
void Conversation::arrive(Wire& wire, const event::PacketArrives& frame) {
  Played& p = wire.played;
  wire.stirred = true;
  const auto open = std::find(wire.closed.begin(), wire.closed.begin() + std::ssize(p.packets_over), false);
  if (open == wire.closed.begin() + std::ssize(p.packets_over)) {  // nobody who could be asked
    ports_->put(frame.port, frame.frame);
    wait(kUnasked_ms);
    ports_->count_anew();
    p.counting = false;
    return;
  }
  if (wire.closed[wire.link]) wire.link = static_cast<std::size_t>(open - wire.closed.begin());
  if (!wire.bytes.empty() || !wire.unsettled) {
    turn(wire);
    settle_ports();
  }
  if (!std::exchange(p.counting, true)) ask_for_counts(wire);
  ports_->put(frame.port, frame.frame);
  const net::Deadline end = net::Clock::now() + milliseconds(options_.arrival_ms);
  for (ask_for_counts(wire); !ports_->arrived(frame.port); ask_for_counts(wire)) {
    if (net::Clock::now() < end) continue;
    p.heard.oddities.push_back(fmt::format("a frame that was put on the cable of port {} has not arrived", frame.port));
    ports_->give_up(frame.port);
  }
  wire.unsettled = true;
  let_out(wire);
}

void Conversation::ask_for_counts(Wire& wire) {
  wire.ask(request::PortStats{}, for_counts);
  wire.played.counts_due = true;
  links_[wire.link].send(std::exchange(wire.bytes, {}));
  const net::Deadline end = net::Clock::now() + milliseconds(options_.answer_ms);
  while (wire.played.counts_due) {
    if (!hear(end) && net::Clock::now() >= end) {
      throw LinkError("the switch has not answered a request for port statistics");
    }
  }
}

// After a burst of packets ports have time to send: as long as something comes, and a moment more.
void Conversation::let_out(Wire& wire) {
  if (++wire.played.burst < kBurst) return;
  wire.played.burst = 0;
  turn(wire);
  while (hear(net::Clock::now() + kQuiet)) {}
}

void Conversation::settle_ports() {
  if (ports_->cables().settle_ms() > 0) wait(ports_->cables().settle_ms());
}

}  // namespace oftwin::harness::live

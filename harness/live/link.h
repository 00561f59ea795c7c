// One OpenFlow 1.0 session with a live switch, over a channel of harness/net.
//
// Does what a controller owes a switch besides asking questions: HELLO and the version that follows from it, an answer
// to each echo request, and keep-alive. A switch that has said nothing for `quiet_ms` while it was listened to is asked
// for a sign of life with an echo request; if nothing comes within `answer_ms` of that, it has gone.
// Invariant: next() hands out messages of the switch in the order of the stream, without HELLO, echo requests and the
// replies to our own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "harness/net/channel.h"
#include "spec/bytes.h"

namespace oftwin::harness::live {

// The switch can't be reached, does not speak OpenFlow 1.0, or has gone away.
class LinkError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct KeepAlive {
  std::uint64_t answer_ms = 10'000;
  std::uint64_t quiet_ms = 5'000;
};

class Link {
 public:
  // Meets the switch and exchanges HELLO. throws LinkError.
  Link(net::Meeting& meeting, net::Deadline deadline, const KeepAlive& keep_alive = {});

  void send(ByteView bytes);
  // The next message, waiting for it until `deadline`; nullopt: none has come. throws LinkError when the session is
  // over. Valid until the next call.
  std::optional<ByteView> next(net::Deadline deadline);
  // The same of what has come already.
  std::optional<ByteView> poll();
  // When keep-alive has something to do next, if nothing comes; and that, for whoever waits for several links at once.
  // throws LinkError if the switch has gone.
  net::Deadline due() const;
  void keep_alive();
  // What was sent goes out. throws LinkError.
  void flush(net::Deadline deadline);

  std::size_t unsent() const { return channel_->unsent(); }
  bool over() const { return channel_->closed(); }
  const std::string& why() const { return channel_->why(); }

 private:
  // Whether the message was for the session itself.
  bool own_business(ByteView message);
  void heard() { heard_ = net::Clock::now(), asked_ = false; }

  std::unique_ptr<net::Channel> channel_;
  KeepAlive times_;
  net::Clock::time_point heard_;  // of the switch, or asked for a sign of life
  bool asked_ = false;
};

}  // namespace oftwin::harness::live

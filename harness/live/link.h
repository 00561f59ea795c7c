// One OpenFlow 1.0 session with a live switch, over a channel of harness/net.
//
// Does what a controller owes a switch besides asking questions: HELLO and the version that follows from it, an answer
// to each echo request, a sign of life asked for when the switch has been silent.
// Invariant: next() hands out messages of the switch in the order of the stream, without HELLO and echo requests.
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

class Link {
 public:
  // Meets the switch and exchanges HELLO. throws LinkError.
  Link(net::Meeting& meeting, net::Deadline deadline);

  void send(ByteView bytes);
  // The next message, waiting for it until `deadline`; nullopt: none has come. throws LinkError when the session is
  // over. Valid until the next call.
  std::optional<ByteView> next(net::Deadline deadline);
  // What was sent goes out. throws LinkError.
  void flush(net::Deadline deadline);

  std::size_t unsent() const { return channel_->unsent(); }
  bool over() const { return channel_->closed(); }
  const std::string& why() const { return channel_->why(); }

 private:
  // Whether the message was for the session itself.
  bool own_business(ByteView message);

  std::unique_ptr<net::Channel> channel_;
};

}  // namespace oftwin::harness::live

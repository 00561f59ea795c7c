// Somebody who is connected: a channel, how far its session is, and how much of the switch's time it has had.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "harness/net/channel.h"
#include "spec/names.h"

namespace oftwin::harness {

struct Guest {
  //  greeting   connected or connecting; the switch knows nothing of it
  //  session    the switch knows it as `name`
  //  leaving    what was sent still goes out; then it is gone
  enum class Phase : std::uint8_t { greeting, session, leaving };

  std::unique_ptr<net::Channel> channel;
  Phase phase = Phase::greeting;
  ConnName name;        // number 0: not yet (a primary has its own from the beginning)
  net::Deadline since;  // in this phase
  bool said_hello = false;
  bool broken = false;  // nothing after a bad header is read

  bool stalled = false;              // the switch was told that it does not read
  std::uint64_t sent = 0;            // by the channel, when that last went up
  net::Deadline sent_at;             // ... and when that was
  std::chrono::nanoseconds used{0};  // of the switch's time; never less than the others had when it last waited
  std::size_t batch = 50;            // messages that it may have handled at once

  // The bytes of the next messages, at most `batch` of them; empty: no whole message has come. What can't be cut into
  // messages is an end of the stream for the switch, and comes as the header that says so.
  ByteView next_messages() const;
};

}  // namespace oftwin::harness

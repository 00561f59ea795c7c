// Byte streams that carry OpenFlow, over TCP, TLS and unix sockets, many of them in one thread and none of them ever
// waiting for its peer: a Channel takes what it is given and keeps what has come until it is asked.
//
// Two uses. Many connections: Reactor::wait(), then look at each channel. One connection, in order: send(), then
// receive() until a deadline. Both may be mixed; everything on one Reactor belongs to one thread.
//
// Invariants: a channel holds at most limits.unsent bytes that have not gone out and about limits.unread bytes that
// have not been taken; beyond the second it does not read from the socket, so that its peer has to wait. Nothing here
// throws for what a peer does: a channel becomes closed() and says why.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "harness/net/endpoint.h"
#include "spec/bytes.h"

namespace oftwin::net {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// What can't be listened on, or which key can't be read: "ptcp:6653:127.0.0.1: Address already in use".
class NetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Somebody has asked for the end (Reactor::stop_when).
class Stopped : public std::runtime_error {
 public:
  Stopped() : std::runtime_error("it was asked to stop") {}
};

// Names of PEM files, as Open vSwitch's tools take them. As there, a peer has to show a certificate that `ca_cert`
// signed, and its name is not looked at. Without `ca_cert` ssl is refused. Who connects may do without key and
// certificate, if its peer does not ask for them.
struct TlsFiles {
  std::string private_key, certificate, ca_cert;
};

// Waits for all sockets of a thread. Outlives the channels and listeners that are made with it.
class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Until something has happened on a socket, or `deadline`; then everything that is ready is done. A deadline that has
  // passed: does what is ready. Whether anything was.
  // throws Stopped.
  bool wait(Deadline deadline);
  // From now on wait() looks several times a second whether `stop` is true, and throws then.
  void stop_when(std::function<bool()> stop);
  // From now on SIGINT and SIGTERM do not end the process but are counted and end wait(). throws NetError.
  void catch_signals();
  unsigned signals() const;

  struct Inside;
  Inside& inside() { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;
};

struct ChannelLimits {
  std::size_t unsent = 16u << 20;  // bytes
  std::size_t unread = 1u << 20;   // bytes; at least 65535
};

class Channel {
 public:
  // Begins to connect. throws NetError for TLS files only.
  static std::unique_ptr<Channel> connect(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls = {},
                                          const ChannelLimits& limits = {});
  ~Channel();  // closes
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Connected (TLS: and shaken hands) and not closed. While neither open() nor closed() it is being connected.
  bool open() const;
  // By either side; what had come can still be taken.
  bool closed() const;
  // Why it is closed, in words for a person: "the peer closed the connection", "Connection refused", ...
  const std::string& why() const;

  // Takes all of `bytes` to be sent, at once or when the channel is open; false, and nothing is taken, if it is closed
  // or would hold more than limits.unsent.
  bool send(ByteView bytes);
  std::size_t unsent() const;  // bytes taken and not yet given to the system

  // The raw stream: what has come and has not been taken. Valid until the next call that is not const, of the reactor
  // too.
  ByteView received() const;
  void take(std::size_t bytes);

  // The next whole OpenFlow message, taken; nullopt: none yet. A header whose length is below 8 closes the channel.
  // Valid until the next call that is not const.
  std::optional<ByteView> next_message();

  // Waits until next_message() has one; nullopt: `deadline`, or the channel is closed and nothing whole is left.
  std::optional<ByteView> receive(Deadline deadline);
  // Waits until everything has gone out, or the channel is open. false: `deadline`, or closed.
  bool flush(Deadline deadline);
  bool wait_open(Deadline deadline);

  // At once; what has not gone out is lost.
  void close();
  // Nothing more is sent or taken; what was given is still sent, and then the peer is told. closed() when it has closed
  // too, for which nobody but the owner sets a limit.
  void finish();

  std::uint64_t bytes_sent() const;      // given to the system
  std::uint64_t bytes_received() const;  // read from it

  struct Inside;
  explicit Channel(std::shared_ptr<Inside> inside);  // for Listener

 private:
  std::shared_ptr<Inside> inside_;
};

// Accepts connections.
class Listener {
 public:
  // throws NetError. A unix socket that a process listens on is not taken away from it; one that was left behind is.
  Listener(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls = {}, const ChannelLimits& limits = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const Endpoint& endpoint() const;  // with the port that it got
  // The next connection that was accepted, or nullptr. (With TLS it may still be shaking hands.)
  std::unique_ptr<Channel> accept();
  // Waits for one.
  std::unique_ptr<Channel> accept(Deadline deadline);
  // While paused, whoever wants to connect waits in the system's queue.
  void pause(bool paused);

  struct Inside;

 private:
  std::shared_ptr<Inside> inside_;
};

// To the same peer again and again, whichever side opens: connects, again after a pause if it must, or waits to be
// connected to.
class Meeting {
 public:
  // throws NetError.
  Meeting(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls = {}, const ChannelLimits& limits = {});
  // An open channel, or nullptr at `deadline`; why_not() then says what happened last.
  std::unique_ptr<Channel> open(Deadline deadline);
  const std::string& why_not() const { return why_not_; }

 private:
  Reactor& reactor_;
  Endpoint endpoint_;
  TlsFiles tls_;
  ChannelLimits limits_;
  std::unique_ptr<Listener> listener_;
  std::string why_not_;
};

}  // namespace oftwin::net

// A channel over asio. Handlers hold it alive; after close() they find `state` closed and do nothing.
//
// Invariant: at most one read and one write are in flight. `in` is neither moved nor resized while a read is, `writing`
// neither while a write is.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/net/channel.h"
#include "harness/net/reactor.h"
#include "harness/net/tls.h"

namespace oftwin::net {

using Socket = asio::generic::stream_protocol::socket;
using SocketAddress = asio::generic::stream_protocol::endpoint;

struct Channel::Inside : std::enable_shared_from_this<Channel::Inside> {
  enum class State : std::uint8_t { connecting, open, finishing, closed };

  Inside(Reactor& r, std::shared_ptr<asio::ssl::context> keys, const ChannelLimits& l);

  Reactor& reactor;
  const ChannelLimits limits;
  std::shared_ptr<asio::ssl::context> tls_keys;  // null: plain
  Socket socket;
  std::optional<asio::ssl::stream<Socket&>> tls;
  std::optional<asio::ip::tcp::resolver> resolver;
  std::vector<SocketAddress> addresses;  // still to be tried
  State state = State::connecting;
  std::string why;

  Bytes in;  // [begin, end) has come and is not taken
  std::size_t begin = 0, end = 0;
  bool reading = false;
  Bytes writing, queued;
  std::size_t written = 0;  // of `writing`
  bool write_in_flight = false;
  bool told_end = false;  // finishing, and the peer knows
  std::uint64_t bytes_sent = 0, bytes_received = 0;

  void start_connecting(const Endpoint& endpoint);
  void connect_next(const std::string& last);
  // The socket is connected; `accepted` by a listener.
  void connected(bool accepted);
  void become_open();
  void start_read();
  void start_write();
  void tell_end();
  void close(std::string because);
  void close(const asio::error_code& error);
  std::size_t unsent() const { return writing.size() - written + queued.size(); }
  std::size_t unread() const { return end - begin; }

 private:
  void make_room();
  void read_done(const asio::error_code& error, std::size_t n);
  void write_done(const asio::error_code& error, std::size_t n);
};

}  // namespace oftwin::net

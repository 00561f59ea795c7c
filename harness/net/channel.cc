#include "harness/net/channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/local/stream_protocol.hpp>
#include <cstring>

#include "harness/net/channel_inside.h"
#include "spec/openflow.h"

namespace oftwin::net {

namespace {

constexpr std::size_t kRead = 64 * 1024;      // bytes asked for at once
constexpr std::size_t kFirstRead = 4 * 1024;  // and of a channel that has been silent so far

std::string in_words(const asio::error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) return "the peer closed the connection";
  return error.category() == asio::error::get_ssl_category() ? "TLS: " + error.message() : error.message();
}

}  // namespace

Channel::Inside::Inside(Reactor& r, std::shared_ptr<asio::ssl::context> keys, const ChannelLimits& l)
    : reactor(r), limits(l), tls_keys(std::move(keys)), socket(r.inside().io) {}

void Channel::Inside::start_connecting(const Endpoint& endpoint) {
  if (endpoint.transport == Transport::unix_socket) {
    addresses.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
    return connect_next({});
  }
  resolver.emplace(reactor.inside().io);
  resolver->async_resolve(
      endpoint.host, std::to_string(endpoint.port), asio::ip::resolver_base::numeric_service,
      [self = shared_from_this()](const asio::error_code& error, const asio::ip::tcp::resolver::results_type& found) {
        if (self->state != State::connecting) return;
        if (error) return self->close(error);
        for (const auto& entry : found) self->addresses.emplace_back(entry.endpoint());
        self->connect_next("no address");
      });
}

void Channel::Inside::connect_next(const std::string& last) {
  if (addresses.empty()) return close(last);
  const SocketAddress address = addresses.front();
  addresses.erase(addresses.begin());
  asio::error_code ignored;
  socket.close(ignored);
  socket.async_connect(address, [self = shared_from_this()](const asio::error_code& error) {
    if (self->state != State::connecting) return;
    if (error) return self->connect_next(in_words(error));
    self->connected(false);
  });
}

void Channel::Inside::connected(bool accepted) {
  asio::error_code ignored;  // a unix socket has no such option
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (!tls_keys) return become_open();
  tls.emplace(socket, *tls_keys);
  const auto side = accepted ? asio::ssl::stream_base::server : asio::ssl::stream_base::client;
  tls->async_handshake(side, [self = shared_from_this()](const asio::error_code& error) {
    if (self->state != State::connecting) return;
    if (error) return self->close(error);
    self->become_open();
  });
}

void Channel::Inside::become_open() {
  state = State::open;
  start_read();
  start_write();
}

// Room behind `end`: what was taken is given up first; what a burst needed is given back.
void Channel::Inside::make_room() {
  if (begin == end) {
    begin = end = 0;
    if (in.size() > kRead) Bytes().swap(in);
  }
  if (in.size() - end >= kFirstRead) return;
  if (begin > 0) {
    std::memmove(in.data(), in.data() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  if (in.size() - end < kFirstRead) in.resize(std::max(kFirstRead, std::min(in.size() * 4, in.size() + kRead)));
}

void Channel::Inside::start_read() {
  if (reading || state == State::closed || state == State::connecting) return;
  if (state == State::finishing) begin = end = 0;
  if (unread() >= limits.unread) return;
  make_room();
  reading = true;
  const auto space = asio::buffer(in.data() + end, std::min(in.size() - end, kRead));
  const auto done = [self = shared_from_this()](const asio::error_code& error, std::size_t n) {
    self->read_done(error, n);
  };
  if (tls) {
    tls->async_read_some(space, done);
  } else {
    socket.async_read_some(space, done);
  }
}

void Channel::Inside::read_done(const asio::error_code& error, std::size_t n) {
  reading = false;
  if (state == State::closed) return;
  end += n;
  bytes_received += n;
  if (error) return close(error);
  start_read();
}

void Channel::Inside::start_write() {
  if (write_in_flight || (state != State::open && state != State::finishing)) return;
  if (written == writing.size()) {
    writing.clear();
    written = 0;
    if (writing.capacity() > 2 * kRead) Bytes().swap(writing);
    std::swap(writing, queued);
  }
  if (writing.empty()) {
    if (state == State::finishing) tell_end();
    return;
  }
  write_in_flight = true;
  const auto rest = asio::buffer(writing.data() + written, writing.size() - written);
  const auto done = [self = shared_from_this()](const asio::error_code& error, std::size_t count) {
    self->write_done(error, count);
  };
  if (tls) {
    tls->async_write_some(rest, done);
  } else {
    socket.async_write_some(rest, done);
  }
}

void Channel::Inside::write_done(const asio::error_code& error, std::size_t n) {
  write_in_flight = false;
  if (state == State::closed) return;
  written += n;
  bytes_sent += n;
  // What had come before the peer went is still to be had: it is the reading that notices.
  if (error && !reading) return close(error);
  if (!error) start_write();
}

void Channel::Inside::tell_end() {
  if (told_end) return;
  told_end = true;
  asio::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

void Channel::Inside::close(const asio::error_code& error) { close(in_words(error)); }

void Channel::Inside::close(std::string because) {
  if (state == State::closed) return;
  state = State::closed;
  why = std::move(because);
  asio::error_code ignored;
  if (resolver) resolver->cancel();
  socket.close(ignored);
  Bytes().swap(queued);
}

std::unique_ptr<Channel> Channel::connect(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls,
                                          const ChannelLimits& limits) {
  auto inside = std::make_shared<Inside>(
      reactor, endpoint.transport == Transport::ssl ? make_tls(tls, endpoint) : nullptr, limits);
  inside->start_connecting(endpoint);
  return std::make_unique<Channel>(std::move(inside));
}

Channel::Channel(std::shared_ptr<Inside> inside) : inside_(std::move(inside)) {}
Channel::~Channel() { inside_->close("closed by this side"); }

bool Channel::open() const { return inside_->state == Inside::State::open; }
bool Channel::closed() const { return inside_->state == Inside::State::closed; }
const std::string& Channel::why() const { return inside_->why; }
std::size_t Channel::unsent() const { return closed() ? 0 : inside_->unsent(); }
std::uint64_t Channel::bytes_sent() const { return inside_->bytes_sent; }
std::uint64_t Channel::bytes_received() const { return inside_->bytes_received; }
void Channel::close() { inside_->close("closed by this side"); }

void Channel::finish() {
  if (inside_->state == Inside::State::connecting) return close();
  if (inside_->state != Inside::State::open) return;
  inside_->state = Inside::State::finishing;
  inside_->start_write();
  inside_->start_read();
}

bool Channel::send(ByteView bytes) {
  if (closed() || inside_->state == Inside::State::finishing) return false;
  if (inside_->unsent() + bytes.size() > inside_->limits.unsent) return false;
  inside_->queued.insert(inside_->queued.end(), bytes.begin(), bytes.end());
  inside_->start_write();
  return true;
}

ByteView Channel::received() const {
  if (inside_->state == Inside::State::finishing) return {};
  return {inside_->in.data() + inside_->begin, inside_->unread()};
}

void Channel::take(std::size_t bytes) {
  inside_->begin += std::min(bytes, inside_->unread());
  inside_->start_read();
}

std::optional<ByteView> Channel::next_message() {
  inside_->start_read();
  const ByteView bytes = received();
  if (bytes.size() < wire::header::size) return std::nullopt;
  const std::size_t length = std::size_t{bytes[2]} << 8 | bytes[3];
  if (length < wire::header::size) {
    inside_->close(fmt::format("after {} bytes: a message's header says a length of {}, less than its own {}",
                               bytes_received() - bytes.size(), length, std::size_t{wire::header::size}));
    inside_->begin = inside_->end;
    return std::nullopt;
  }
  if (bytes.size() < length) return std::nullopt;
  inside_->begin += length;
  return bytes.first(length);
}

std::optional<ByteView> Channel::receive(Deadline deadline) {
  for (;;) {
    if (auto message = next_message()) return message;
    if (closed()) return std::nullopt;
    if (!inside_->reactor.wait(deadline) && Clock::now() >= deadline) return next_message();
  }
}

bool Channel::flush(Deadline deadline) {
  while (!closed() && unsent() > 0) {
    if (!inside_->reactor.wait(deadline) && Clock::now() >= deadline) break;
  }
  return !closed() && unsent() == 0;
}

bool Channel::wait_open(Deadline deadline) {
  while (!open() && !closed()) {
    if (!inside_->reactor.wait(deadline) && Clock::now() >= deadline) break;
  }
  return open();
}

}  // namespace oftwin::net

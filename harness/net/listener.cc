#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <deque>

#include "harness/net/channel_inside.h"

namespace oftwin::net {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

constexpr std::size_t kMaxAccepted = 64;  // accepted and not taken; others wait in the system's queue
constexpr auto kPauseAfterError = std::chrono::milliseconds(100);
constexpr auto kPauseBetweenTries = std::chrono::milliseconds(100);

// Whether a socket lies at `path` that nobody listens on any more.
bool left_behind(Reactor& reactor, const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  asio::local::stream_protocol::socket probe(reactor.inside().io);
  asio::error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  return error == asio::error::connection_refused;
}

SocketAddress address_of(Reactor& reactor, const Endpoint& endpoint) {
  if (endpoint.transport == Transport::unix_socket) return asio::local::stream_protocol::endpoint(endpoint.path);
  asio::ip::tcp::resolver resolver(reactor.inside().io);
  asio::error_code error;
  const auto found =
      resolver.resolve(endpoint.host, std::to_string(endpoint.port),
                       asio::ip::resolver_base::passive | asio::ip::resolver_base::numeric_service, error);
  if (error || found.empty()) throw NetError(print_endpoint(endpoint) + ": " + error.message());
  return found.begin()->endpoint();
}

}  // namespace

struct Listener::Inside : std::enable_shared_from_this<Listener::Inside> {
  Inside(Reactor& r, const Endpoint& e, const TlsFiles& tls, const ChannelLimits& l)
      : reactor(r),
        endpoint(e),
        limits(l),
        tls_keys(e.transport == Transport::ssl ? make_tls(tls, e) : nullptr),
        acceptor(r.inside().io),
        timer(r.inside().io) {}

  Reactor& reactor;
  Endpoint endpoint;
  const ChannelLimits limits;
  std::shared_ptr<asio::ssl::context> tls_keys;
  Acceptor acceptor;
  asio::steady_timer timer;
  std::deque<std::unique_ptr<Channel>> accepted;
  bool accepting = false, paused = false, closed = false;

  void listen();
  void start_accept();
  void close();
};

void Listener::Inside::listen() {
  const bool unix_socket = endpoint.transport == Transport::unix_socket;
  const SocketAddress address = address_of(reactor, endpoint);
  asio::error_code error;
  const auto check = [&] {
    if (error) throw NetError(print_endpoint(endpoint) + ": " + error.message());
  };
  acceptor.open(address.protocol(), error);
  check();
  if (unix_socket) {
    if (left_behind(reactor, endpoint.path)) ::unlink(endpoint.path.c_str());
    ::fchmod(acceptor.native_handle(), 0700);  // what bind() makes has these permissions
  } else {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    check();
  }
  acceptor.bind(address, error);
  check();
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  check();
  if (!unix_socket) {
    asio::ip::tcp::endpoint bound;
    const SocketAddress local = acceptor.local_endpoint(error);
    check();
    bound.resize(local.size());
    std::memcpy(bound.data(), local.data(), local.size());
    endpoint.port = bound.port();
  }
  start_accept();
}

void Listener::Inside::start_accept() {
  if (accepting || paused || closed || accepted.size() >= kMaxAccepted) return;
  accepting = true;
  auto next = std::make_shared<Channel::Inside>(reactor, tls_keys, limits);
  Socket& socket = next->socket;
  acceptor.async_accept(socket, [self = shared_from_this(), next](const asio::error_code& error) {
    self->accepting = false;
    if (self->closed) return;
    if (!error) {
      next->connected(true);
      self->accepted.push_back(std::make_unique<Channel>(next));
      return self->start_accept();
    }
    // No descriptors left, for example: whoever has some may give them back.
    self->timer.expires_after(kPauseAfterError);
    self->timer.async_wait([self](const asio::error_code& cancelled) {
      if (!cancelled) self->start_accept();
    });
  });
}

void Listener::Inside::close() {
  closed = true;
  accepted.clear();
  timer.cancel();
  asio::error_code ignored;
  acceptor.close(ignored);
  if (endpoint.transport == Transport::unix_socket) ::unlink(endpoint.path.c_str());
}

Listener::Listener(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls, const ChannelLimits& limits)
    : inside_(std::make_shared<Inside>(reactor, endpoint, tls, limits)) {
  inside_->listen();
}
Listener::~Listener() { inside_->close(); }

const Endpoint& Listener::endpoint() const { return inside_->endpoint; }

std::unique_ptr<Channel> Listener::accept() {
  std::unique_ptr<Channel> out;
  if (!inside_->accepted.empty()) {
    out = std::move(inside_->accepted.front());
    inside_->accepted.pop_front();
  }
  inside_->start_accept();
  return out;
}

std::unique_ptr<Channel> Listener::accept(Deadline deadline) {
  for (;;) {
    if (auto channel = accept()) return channel;
    if (!inside_->reactor.wait(deadline) && Clock::now() >= deadline) return accept();
  }
}

void Listener::pause(bool paused) {
  inside_->paused = paused;
  inside_->start_accept();
}

Meeting::Meeting(Reactor& reactor, const Endpoint& endpoint, const TlsFiles& tls, const ChannelLimits& limits)
    : reactor_(reactor), endpoint_(endpoint), tls_(tls), limits_(limits) {
  if (endpoint.listens) {
    listener_ = std::make_unique<Listener>(reactor, endpoint, tls, limits);
  } else if (endpoint.transport == Transport::ssl) {
    make_tls(tls, endpoint);  // a wrong file is said now
  }
}

std::unique_ptr<Channel> Meeting::open(Deadline deadline) {
  why_not_ = "nobody connected";
  do {
    auto channel = listener_ ? listener_->accept(deadline) : Channel::connect(reactor_, endpoint_, tls_, limits_);
    if (!channel) return nullptr;
    if (channel->wait_open(deadline)) return channel;
    why_not_ = channel->closed() ? channel->why() : "no answer in time";
    const Deadline again = std::min(deadline, Clock::now() + kPauseBetweenTries);
    while (!listener_ && Clock::now() < again) reactor_.wait(again);
  } while (Clock::now() < deadline);
  return nullptr;
}

}  // namespace oftwin::net

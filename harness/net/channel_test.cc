// Channels over loopback and unix sockets, with a peer that is a bare socket and does what peers do.
#include "harness/net/channel.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

namespace {

using namespace oftwin;
using namespace oftwin::net;
using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return Clock::now() + time; }

// An echo request of `size` bytes; its xid is `number`.
Bytes message(std::uint32_t number, std::size_t size = 8) {
  Bytes out(size, 0xaa);
  out[0] = 1;
  out[1] = 2;
  out[2] = static_cast<std::uint8_t>(size >> 8);
  out[3] = static_cast<std::uint8_t>(size);
  for (unsigned i = 0; i < 4; ++i) out[4 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return out;
}
Bytes bytes(std::optional<ByteView> view) { return view ? Bytes(view->begin(), view->end()) : Bytes(); }

// A blocking socket, for the other side.
class Peer {
 public:
  explicit Peer(const Endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  void write(ByteView out) { EXPECT_EQ(::send(fd_, out.data(), out.size(), MSG_NOSIGNAL), ssize_t(out.size())); }
  std::size_t read(std::size_t most) {
    Bytes buffer(most);
    const ssize_t n = ::recv(fd_, buffer.data(), most, 0);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // What was written and not read by the other side is lost, and the other side is told so.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  int fd_;
};

struct World {
  Reactor reactor;
  Listener listener{reactor, parse_endpoint("ptcp:0")};
  Peer peer{listener.endpoint()};
  std::unique_ptr<Channel> channel = listener.accept(in(5s));
};

TEST(Channel, a_message_cut_at_every_byte_arrives_whole) {
  World w;
  ASSERT_TRUE(w.channel);
  const Bytes one = message(7, 24);
  for (const std::uint8_t byte : one) {
    EXPECT_FALSE(w.channel->next_message());
    w.peer.write({&byte, 1});
    const auto before = w.channel->bytes_received();
    while (w.channel->bytes_received() == before) ASSERT_TRUE(w.reactor.wait(in(5s)));
  }
  EXPECT_EQ(bytes(w.channel->next_message()), one);
  EXPECT_FALSE(w.channel->receive(in(1ms)));
  EXPECT_FALSE(w.channel->closed());
}

TEST(Channel, many_messages_in_one_write_come_out_in_order) {
  World w;
  Bytes all;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const Bytes one = message(i, 8 + i % 50);
    all.insert(all.end(), one.begin(), one.end());
  }
  std::thread writer([&] { w.peer.write(all); });
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(bytes(w.channel->receive(in(5s))), message(i, 8 + i % 50)) << i;
  writer.join();
  EXPECT_EQ(w.channel->bytes_received(), all.size());
}

TEST(Channel, the_longest_message_passes) {
  World w;
  const Bytes longest = message(1, 65535);
  std::thread writer([&] { w.peer.write(longest); });
  EXPECT_EQ(bytes(w.channel->receive(in(5s))), longest);
  writer.join();
}

TEST(Channel, a_length_below_the_headers_breaks_the_stream) {
  World w;
  w.peer.write(message(1));
  w.peer.write(Bytes{1, 2, 0, 7, 0, 0, 0, 0});
  w.peer.write(message(2));
  EXPECT_EQ(bytes(w.channel->receive(in(5s))), message(1));
  EXPECT_FALSE(w.channel->receive(in(5s)));
  EXPECT_TRUE(w.channel->closed());
  EXPECT_EQ(w.channel->why(), "after 8 bytes: a message's header says a length of 7, less than its own 8");
  EXPECT_FALSE(w.channel->next_message());
}

TEST(Channel, what_came_before_the_peer_went_can_be_taken) {
  World w;
  w.peer.write(message(1));
  w.peer.write(Bytes{1, 2, 0, 16, 0, 0, 0, 0, 0});
  w.peer.close();
  while (!w.channel->closed()) ASSERT_TRUE(w.reactor.wait(in(5s)));
  EXPECT_EQ(bytes(w.channel->next_message()), message(1));
  EXPECT_FALSE(w.channel->receive(in(5s)));
  EXPECT_EQ(w.channel->why(), "the peer closed the connection");
  EXPECT_FALSE(w.channel->send(message(1)));
}

TEST(Channel, a_peer_that_breaks_off_is_told_apart) {
  World w;
  w.peer.reset();
  EXPECT_FALSE(w.channel->receive(in(5s)));
  EXPECT_EQ(w.channel->why(), "Connection reset by peer");
}

TEST(Channel, what_a_slow_reader_has_not_taken_is_kept_up_to_the_limit) {
  Reactor reactor;
  ChannelLimits limits;
  limits.unsent = 100'000;
  Listener listener(reactor, parse_endpoint("ptcp:0"), {}, limits);
  Peer peer(listener.endpoint());
  const auto channel = listener.accept(in(5s));
  ASSERT_TRUE(channel);
  // The system's buffers fill first, then ours; then a message is refused as a whole.
  std::uint64_t taken = 0;
  while (channel->send(message(1, 10'000))) {
    taken += 10'000;
    EXPECT_LE(channel->unsent(), limits.unsent);
    reactor.wait(in(1ms));
    ASSERT_LT(taken, 100u << 20);
  }
  EXPECT_GT(channel->unsent(), limits.unsent - 10'000);
  EXPECT_FALSE(channel->flush(in(10ms)));
  EXPECT_TRUE(channel->open());
  // It reads after all, in pieces.
  std::uint64_t got = 0;
  std::thread reader([&] {
    while (got < taken) {
      const std::size_t n = peer.read(3000);
      if (n == 0) return;
      got += n;
    }
  });
  EXPECT_TRUE(channel->flush(in(10s)));
  reader.join();
  EXPECT_EQ(got, taken);
  EXPECT_EQ(channel->bytes_sent(), taken);
}

TEST(Channel, a_greedy_writer_waits_when_nobody_takes) {
  Reactor reactor;
  ChannelLimits limits;
  limits.unread = 100'000;
  Listener listener(reactor, parse_endpoint("ptcp:0"), {}, limits);
  Peer peer(listener.endpoint());
  const auto channel = listener.accept(in(5s));
  constexpr std::uint64_t kAll = 40u << 20;
  std::thread writer([&] {
    const Bytes piece(1u << 20, 1);
    for (std::uint64_t n = 0; n < kAll; n += piece.size()) peer.write(piece);
  });
  while (reactor.wait(in(100ms))) {}
  EXPECT_GE(channel->received().size(), limits.unread);
  EXPECT_LT(channel->received().size(), limits.unread + 65536);
  std::uint64_t got = 0;
  while (got < kAll) {
    got += channel->received().size();
    channel->take(channel->received().size());
    if (got < kAll) { ASSERT_TRUE(reactor.wait(in(5s))); }
  }
  writer.join();
  EXPECT_EQ(got, kAll);
}

TEST(Channel, finish_sends_what_is_queued_and_tells_the_peer) {
  World w;
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_TRUE(w.channel->send(message(i, 1000)));
  w.channel->finish();
  EXPECT_FALSE(w.channel->send(message(1)));
  std::size_t got = 0;
  std::thread reader([&] {
    while (const std::size_t n = w.peer.read(4096)) got += n;
    w.peer.close();
  });
  while (!w.channel->closed()) ASSERT_TRUE(w.reactor.wait(in(5s)));
  reader.join();
  EXPECT_EQ(got, 100'000u);
}

TEST(Channel, nobody_listens) {
  Reactor reactor;
  Endpoint to = Listener(reactor, parse_endpoint("ptcp:0")).endpoint();
  to.listens = false;
  const auto channel = Channel::connect(reactor, to);
  EXPECT_FALSE(channel->wait_open(in(5s)));
  EXPECT_EQ(channel->why(), "Connection refused");
  const auto nowhere = Channel::connect(reactor, parse_endpoint("unix:/nonexistent/socket"));
  EXPECT_FALSE(nowhere->wait_open(in(5s)));
  EXPECT_EQ(nowhere->why(), "No such file or directory");
}

class UnixSocket : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::string folder_ = fmt::format("{}/net_test.{}", ::testing::TempDir(), ::getpid());
  const std::string path_ = folder_ + "/socket";
};

TEST_F(UnixSocket, both_ends_in_one_thread) {
  Reactor reactor;
  Listener listener(reactor, parse_endpoint("punix:" + path_));
  struct stat found{};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0077, 0u) << "others may not connect";
  const auto client = Channel::connect(reactor, parse_endpoint("unix:" + path_));
  ASSERT_TRUE(client->send(message(1)));  // before it is open
  const auto server = listener.accept(in(5s));
  ASSERT_TRUE(server);
  EXPECT_EQ(bytes(server->receive(in(5s))), message(1));
  ASSERT_TRUE(server->send(message(2)));
  EXPECT_EQ(bytes(client->receive(in(5s))), message(2));
}

TEST_F(UnixSocket, one_left_behind_is_replaced_and_one_in_use_is_not) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  Reactor reactor;
  EXPECT_THROW(Listener(reactor, parse_endpoint("punix:" + path_)), NetError);
  ::close(fd);
  EXPECT_TRUE(std::filesystem::exists(path_));
  {
    const Listener listener(reactor, parse_endpoint("punix:" + path_));
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::filesystem::create_directory(path_);
  EXPECT_THROW(Listener(reactor, parse_endpoint("punix:" + path_)), NetError);
}

TEST_F(UnixSocket, the_other_side_comes_again) {
  Reactor reactor;
  Meeting meeting(reactor, parse_endpoint("unix:" + path_));
  EXPECT_FALSE(meeting.open(in(50ms)));
  EXPECT_EQ(meeting.why_not(), "No such file or directory");
  for (int round = 0; round < 3; ++round) {
    std::thread other([&] {
      std::this_thread::sleep_for(20ms);
      Reactor own;
      Listener listener(own, parse_endpoint("punix:" + path_));
      const auto channel = listener.accept(in(5s));
      EXPECT_TRUE(channel && channel->receive(in(5s)));
    });
    const auto channel = meeting.open(in(5s));
    ASSERT_TRUE(channel) << meeting.why_not();
    EXPECT_TRUE(channel->send(message(1)));
    EXPECT_FALSE(channel->receive(in(5s)));
    EXPECT_TRUE(channel->closed());
    other.join();
  }
}

TEST(Meeting, whoever_connects_again_is_met_again) {
  Reactor reactor;
  Endpoint endpoint = parse_endpoint("ptcp:0");
  {
    const Listener any(reactor, endpoint);
    endpoint.port = any.endpoint().port;
  }
  Meeting meeting(reactor, endpoint);
  for (std::uint32_t round = 0; round < 3; ++round) {
    Peer peer(endpoint);
    peer.write(message(round));
    const auto channel = meeting.open(in(5s));
    ASSERT_TRUE(channel);
    EXPECT_EQ(bytes(channel->receive(in(5s))), message(round));
  }
}

TEST(Listener, a_port_in_use_is_told) {
  Reactor reactor;
  const Listener listener(reactor, parse_endpoint("ptcp:0"));
  try {
    const Listener other(reactor, listener.endpoint());
    ADD_FAILURE() << "two on one port";
  } catch (const NetError& e) { EXPECT_EQ(e.what(), print_endpoint(listener.endpoint()) + ": Address already in use"); }
}

TEST(Reactor, a_deadline_is_kept_and_a_signal_ends_the_wait) {
  Reactor reactor;
  const auto before = Clock::now();
  EXPECT_FALSE(reactor.wait(in(50ms)));
  EXPECT_GE(Clock::now() - before, 50ms);
  reactor.catch_signals();
  EXPECT_EQ(reactor.signals(), 0u);
  ::raise(SIGTERM);
  EXPECT_TRUE(reactor.wait(in(5s)));
  EXPECT_EQ(reactor.signals(), 1u);
}

// What a session over this needs: a hundred thousand messages a second and more, there and back, in batches.
TEST(Channel, a_hundred_thousand_messages_there_and_back) {
  Reactor reactor;
  Listener listener(reactor, parse_endpoint("ptcp:0"));
  Endpoint to = listener.endpoint();
  to.listens = false;
  std::thread echo([&] {
    const auto channel = listener.accept(in(5s));
    while (const auto one = channel->receive(in(5s))) channel->send(*one);
  });
  Reactor own;
  const auto channel = Channel::connect(own, to);
  const auto before = Clock::now();
  constexpr std::uint32_t kBatch = 1000, kBatches = 100;
  for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
    Bytes all;
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      const Bytes one = message(batch * kBatch + i, 72);
      all.insert(all.end(), one.begin(), one.end());
    }
    ASSERT_TRUE(channel->send(all));
    for (std::uint32_t i = 0; i < kBatch; ++i)
      ASSERT_EQ(bytes(channel->receive(in(5s))), message(batch * kBatch + i, 72));
  }
  const std::chrono::duration<double> took = Clock::now() - before;
  RecordProperty("messages_per_second", static_cast<int>(kBatch * kBatches / took.count()));
  channel->close();
  echo.join();
  EXPECT_LT(took, 10s);
}

}  // namespace

// oftwin serve under attack: what it costs in memory, and whether a well-behaved controller is still served.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "cli/serving.h"
#include "harness/net/channel.h"
#include "spec/openflow.h"

namespace {

using namespace oftwin;
using namespace oftwin::cli;
using namespace std::chrono_literals;
using net::Channel;

// AddressSanitizer keeps what was freed for a while.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OFTWIN_ADDRESS_SANITIZER
#endif
#endif
#ifdef OFTWIN_ADDRESS_SANITIZER
constexpr std::uint64_t kMemory = 5;
#else
constexpr std::uint64_t kMemory = 1;
#endif

net::Deadline in(std::chrono::milliseconds time) { return net::Clock::now() + time; }

Bytes message(std::uint8_t type, std::size_t size = 8) {
  Bytes out(size);
  out[0] = OFP_VERSION;
  out[1] = type;
  out[2] = static_cast<std::uint8_t>(size >> 8);
  out[3] = static_cast<std::uint8_t>(size);
  return out;
}
Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
const Bytes kHello = message(OFPT_HELLO);

// Asks and waits for the answer, one after the other, and remembers the longest wait.
class Modest {
 public:
  explicit Modest(const Serving& serving) : channel_(Channel::connect(reactor_, net::parse_endpoint(serving.tcp()))) {
    channel_->send(kHello);
    EXPECT_TRUE(channel_->receive(in(5s)));
  }
  void ask() {
    const auto begin = net::Clock::now();
    EXPECT_TRUE(channel_->send(message(OFPT_ECHO_REQUEST)));
    const auto reply = channel_->receive(in(10s));
    ASSERT_TRUE(reply) << channel_->why();
    EXPECT_EQ((*reply)[1], OFPT_ECHO_REPLY);
    waits_.push_back(net::Clock::now() - begin);
  }
  std::chrono::nanoseconds longest() const { return *std::ranges::max_element(waits_); }
  std::chrono::nanoseconds median() {
    std::ranges::sort(waits_);
    return waits_[waits_.size() / 2];
  }

 private:
  net::Reactor reactor_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::chrono::nanoseconds> waits_;
};

// What one hostile connection says, after HELLO or instead of it.
Bytes hostile(std::mt19937& random) {
  const auto garbage = [&](std::size_t most) {
    Bytes out(1 + random() % most);
    for (auto& b : out) b = static_cast<std::uint8_t>(random());
    return out;
  };
  Bytes bad = message(static_cast<std::uint8_t>(random() % 22), 8 + random() % 200);
  std::generate(bad.begin() + 8, bad.end(), [&] { return static_cast<std::uint8_t>(random()); });
  switch (random() % 8) {
    case 0:
      return {};
    case 1:
      return garbage(300);
    case 2:
      return kHello + garbage(300);
    case 3:
      return kHello + Bytes(bad.begin(), bad.end() - 1);  // half a message
    case 4:
      return kHello + message(OFPT_ECHO_REQUEST) + Bytes{1, 2, 0};  // half a header
    case 5:
      return kHello + Bytes{1, 2, 0, 3, 0, 0, 0, 0};  // shorter than its header
    case 6:
      return kHello + bad;
    default:
      return kHello + bad + bad + message(OFPT_BARRIER_REQUEST);
  }
}

TEST(Hostile, ten_thousand_connections_come_and_go) {
  Serving serving;
  Modest modest(serving);
  std::mt19937 random(7);
  modest.ask();
  constexpr int kAll = 10'000, kAtOnce = 100;
  std::uint64_t early = 0;
  for (int done = 0; done < kAll; done += kAtOnce) {
    net::Reactor reactor;
    std::vector<std::unique_ptr<Channel>> channels;
    for (int i = 0; i < kAtOnce; ++i) {
      const net::Endpoint to = net::parse_endpoint(i % 2 ? serving.tcp() : serving.unix_socket());
      channels.push_back(net::Meeting(reactor, to).open(in(5s)));
      ASSERT_TRUE(channels.back());
      channels.back()->send(hostile(random));
    }
    // Some close at once, some after an answer, some are closed.
    while (reactor.wait(in(2ms))) {}
    modest.ask();
    if (done == kAll / 5) early = serving.resident_kb();
  }
  const std::uint64_t late = serving.resident_kb();
  EXPECT_LT(modest.longest(), 2s);
  RecordProperty("median_us", static_cast<int>(modest.median() / 1us));
  RecordProperty("longest_us", static_cast<int>(modest.longest() / 1us));
  RecordProperty("resident_kb", static_cast<int>(late));
  // What stays is the history of events, which is bounded, and the names of connections.
  EXPECT_LT(late, early + 100'000 * kMemory) << "kB, after 2,000 connections and after 10,000";
  EXPECT_LT(late, 300'000 * kMemory);
  const auto summary = serving.stop();
  EXPECT_GE(summary.at("accepted"), kAll);
  EXPECT_GE(summary.at("sessions"), kAll / 2);
}

// Two hundred at the same time that never pause: dumps of a full table, echoes that nobody reads, bytes one by one.
TEST(Hostile, two_hundred_greedy_ones_at_the_same_time) {
  Serving serving({"--max-flows", "1000"});
  serving.ofctl({"add-flow", "br0", "actions=drop"});
  Modest modest(serving);
  net::Reactor reactor;
  net::ChannelLimits small;
  small.unread = 65536;
  std::vector<std::unique_ptr<Channel>> greedy;
  Bytes flow_mod = message(OFPT_FLOW_MOD, wire::flow_mod::size);
  std::uint64_t most = 0;
  for (int i = 0; i < 200; ++i) {
    greedy.push_back(Channel::connect(reactor, net::parse_endpoint(serving.unix_socket()), {}, small));
    greedy.back()->send(kHello);
  }
  const auto end = in(4s);
  for (std::uint32_t round = 0; net::Clock::now() < end; ++round) {
    for (std::size_t i = 0; i < greedy.size(); ++i) {
      Channel& channel = *greedy[i];
      if (channel.unsent() > 200'000) continue;
      switch (i % 4) {
        case 0: {  // flows, as many as it is let
          Bytes many;
          for (std::uint32_t n = 0; n < 50; ++n) {
            const std::uint32_t priority = round * 50 + n;
            flow_mod[wire::flow_mod::priority.offset] = static_cast<std::uint8_t>(priority >> 8);
            flow_mod[wire::flow_mod::priority.offset + 1] = static_cast<std::uint8_t>(priority);
            many = many + flow_mod;
          }
          channel.send(many);
          break;
        }
        case 1: {  // dumps, which it does not read
          Bytes dump = message(OFPT_STATS_REQUEST, wire::flow_stats_request::size);
          dump[wire::stats_msg::type.offset + 1] = OFPST_FLOW;
          dump[wire::flow_stats_request::table_id.offset] = OFP_ALL_TABLES;
          dump[wire::flow_stats_request::out_port.offset] = dump[wire::flow_stats_request::out_port.offset + 1] = 0xff;
          for (std::size_t b = 0; b < 4; ++b) dump[wire::flow_stats_request::match.offset + b] = 0xff;
          channel.send(dump);
          break;
        }
        case 2:
          channel.send(message(OFPT_ECHO_REQUEST, 60'000));
          break;
        default:
          channel.send(Bytes{static_cast<std::uint8_t>(round % 8 == 0 ? 1 : 0)});
          break;
      }
    }
    reactor.wait(in(0ms));
    modest.ask();
    most = std::max(most, serving.resident_kb());
  }
  RecordProperty("median_us", static_cast<int>(modest.median() / 1us));
  RecordProperty("longest_us", static_cast<int>(modest.longest() / 1us));
  RecordProperty("resident_kb", static_cast<int>(most));
  EXPECT_LT(modest.longest(), 2s);
  EXPECT_LT(most, 700'000 * kMemory) << "kB";
  greedy.clear();
  const auto summary = serving.stop();
  EXPECT_GE(summary.at("sessions"), 150);
  EXPECT_GE(summary.at("messages"), 2'000) << "it was busy all the time";
  for (const auto& [name, value] : summary) RecordProperty(name, static_cast<int>(value));
}

}  // namespace

#include "harness/serve/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "harness/serve/server_world.h"

namespace {

using namespace oftwin;
using namespace oftwin::harness;
using namespace std::chrono_literals;

TEST(Server, a_session_from_hello_to_goodbye) {
  World w;
  const auto client = w.session();
  client->send(encode(request::EchoRequest{7, {1, 2, 3}}));
  EXPECT_EQ(w.receive(*client), (Bytes{1, OFPT_ECHO_REPLY, 0, 11, 0, 0, 0, 7, 1, 2, 3}));
  request::FlowMod fm;
  fm.cookie = 5;
  fm.actions = action::output(2);
  client->send(encode(fm));
  client->send(encode(request::BarrierRequest{8}));
  EXPECT_EQ(w.receive(*client), (Bytes{1, OFPT_BARRIER_REPLY, 0, 8, 0, 0, 0, 8}));
  EXPECT_EQ(w.server.judged().state().tables[0].rules.size(), 1u);
  client->close();
  EXPECT_TRUE(w.until([&] { return w.server.guests() == 0; }));
  EXPECT_TRUE(w.server.judged().state().connections.empty());
  EXPECT_EQ(w.server.judged().stats().messages, 3u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, a_first_message_that_is_no_hello_is_refused) {
  World w;
  const auto client = w.connect();
  client->send(encode(request::EchoRequest{7, {}}));
  EXPECT_EQ(w.receive(*client)[1], OFPT_HELLO);
  EXPECT_EQ(w.receive(*client)[1], OFPT_ERROR);
  EXPECT_TRUE(w.receive(*client).empty());
  EXPECT_EQ(w.server.counts().sessions, 0u);
  EXPECT_EQ(w.server.judged().stats().messages, 0u);
}

TEST(Server, half_a_message_is_nothing_and_a_bad_header_ends_the_session) {
  World w;
  const auto half = w.session();
  half->send(Bytes{1, 2, 0, 16, 0, 0, 0, 1, 9});
  const auto bad = w.session();
  bad->send(encode(request::EchoRequest{1, {}}));
  bad->send(Bytes{1, 2, 0, 7, 0, 0, 0, 2});
  bad->send(encode(request::EchoRequest{3, {}}));
  EXPECT_EQ(w.receive(*bad), (Bytes{1, OFPT_ECHO_REPLY, 0, 8, 0, 0, 0, 1}));
  EXPECT_TRUE(w.receive(*bad).empty());
  EXPECT_TRUE(half->open());
  half->send(Bytes(7, 9));
  EXPECT_EQ(w.receive(*half).size(), 16u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, the_switch_calls_its_controller_again_and_again_and_snooping_connections_hear_it) {
  net::Reactor reactor;
  ServerOptions o = options();
  net::Listener controller(reactor, net::parse_endpoint("ptcp:0"));
  net::Endpoint to = controller.endpoint();
  to.listens = false;
  o.controllers = {to};
  World w(o);
  for (int round = 0; round < 3; ++round) {
    std::unique_ptr<net::Channel> channel;
    // The controller's end lives on a reactor of its own.
    const auto both = [&](auto done) {
      return w.until([&] {
        reactor.wait(net::Deadline::min());
        return done();
      });
    };
    ASSERT_TRUE(both([&] { return (channel = controller.accept()) != nullptr; }));
    std::unique_ptr<net::Channel> snooper;
    Bytes reply;
    const auto take = [&] {
      if (const auto m = channel->next_message()) reply.assign(m->begin(), m->end());
      return !reply.empty();
    };
    ASSERT_TRUE(both(take));
    EXPECT_EQ(reply[1], OFPT_HELLO);
    channel->send(encode(request::Hello{}));
    ASSERT_TRUE(both([&] {
      const auto& all = w.server.judged().state().connections;
      return !all.empty() && all[0].link == model::Link::up;
    }));
    snooper = w.session(w.snoop);
    w.settle();
    reply.clear();
    channel->send(encode(request::EchoRequest{5, {}}));
    ASSERT_TRUE(both(take));
    EXPECT_EQ(reply[1], OFPT_ECHO_REPLY);
    EXPECT_EQ(w.receive(*snooper)[1], OFPT_ECHO_REQUEST);
    EXPECT_EQ(w.receive(*snooper)[1], OFPT_ECHO_REPLY);
    channel->close();
  }
  EXPECT_EQ(w.server.counts().sessions, 6u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, one_whose_backlog_is_too_much_leaves) {
  ServerOptions o = options();
  o.limits.backlog = 1u << 20;
  World w(o);
  Bytes many;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const Bytes one = encode(request::EchoRequest{i, Bytes(60'000)});
    many.insert(many.end(), one.begin(), one.end());
  }
  net::ChannelLimits small;
  small.unread = 65536;  // and nobody takes it
  const auto greedy = net::Channel::connect(w.reactor, w.service, {}, small);
  greedy->send(encode(request::Hello{}));
  const auto modest = w.session();
  ASSERT_TRUE(w.until([&] {
    if (greedy->unsent() == 0) greedy->send(many);
    return greedy->closed();
  }));
  EXPECT_EQ(w.server.counts().dropped, 1u);
  modest->send(encode(request::EchoRequest{1, {}}));
  EXPECT_FALSE(w.receive(*modest).empty());
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, one_that_does_not_read_is_told_to_the_switch_and_leaves_in_the_end) {
  ServerOptions o = options();
  o.limits.patience = 1s;
  World w(o);
  net::ChannelLimits small;
  small.unread = 65536;  // and nobody takes it
  const auto slow = net::Channel::connect(w.reactor, w.service, {}, small);
  slow->send(encode(request::Hello{}));
  const auto modest = w.session();
  for (std::uint32_t i = 0; i < 400; ++i) slow->send(encode(request::EchoRequest{i, Bytes(60'000)}));
  const auto stalled = [&] {
    const auto& all = w.server.judged().state().connections;
    return std::ranges::any_of(all, [](const model::Connection& c) { return c.stalled; });
  };
  ASSERT_TRUE(w.until(stalled));
  // CONN-8: of the replies that it does not read, so many are made and no more.
  w.settle();
  const auto& all = w.server.judged().state().connections;
  EXPECT_LE(all[0].unsent, 100u);
  modest->send(encode(request::EchoRequest{1, {}}));
  EXPECT_FALSE(w.receive(*modest).empty());
  ASSERT_TRUE(w.until([&] { return w.server.counts().dropped == 1; }));
  EXPECT_FALSE(stalled());
  EXPECT_EQ(w.server.judged().state().connections.size(), 1u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, one_that_reads_again_is_told_to_the_switch) {
  World w;
  net::ChannelLimits small;
  small.unread = 65536;
  const auto slow = net::Channel::connect(w.reactor, w.service, {}, small);
  slow->send(encode(request::Hello{}));
  constexpr std::uint32_t kAll = 250;
  for (std::uint32_t i = 0; i < kAll; ++i) slow->send(encode(request::EchoRequest{i, Bytes(60'000)}));
  const auto stalled = [&] {
    const auto& all = w.server.judged().state().connections;
    return !all.empty() && all[0].stalled;
  };
  ASSERT_TRUE(w.until(stalled));
  EXPECT_EQ(w.receive(*slow)[1], OFPT_HELLO);
  for (std::uint32_t i = 0; i < kAll; ++i) ASSERT_EQ(w.receive(*slow).size(), 60'008u) << i;
  EXPECT_TRUE(w.until([&] { return !stalled(); }));
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, flows_are_refused_beyond_the_limit_and_taken_again_below_it) {
  ServerOptions o = options();
  o.limits.flows = 100;
  World w(o);
  const auto client = w.session();
  for (std::uint32_t i = 0; i < 500; ++i) {
    request::FlowMod fm;
    fm.xid = i;
    fm.priority = static_cast<std::uint16_t>(i);
    client->send(encode(fm));
  }
  client->send(encode(request::BarrierRequest{1000}));
  unsigned refused = 0;
  for (;;) {
    const Bytes reply = w.receive(*client);
    ASSERT_FALSE(reply.empty());
    if (reply[1] == OFPT_BARRIER_REPLY) break;
    EXPECT_EQ(Bytes(reply.begin() + 8, reply.begin() + 12),
              (Bytes{0, OFPET_FLOW_MOD_FAILED, 0, OFPFMFC_ALL_TABLES_FULL}));
    ++refused;
  }
  const std::size_t flows = w.server.judged().state().tables[0].rules.size();
  EXPECT_EQ(flows + refused, 500u);
  EXPECT_GE(flows, 100u);
  EXPECT_LE(flows, 150u) << "a batch more at most";
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  client->send(encode(all));
  client->send(encode(request::BarrierRequest{1}));
  EXPECT_EQ(w.receive(*client)[1], OFPT_BARRIER_REPLY);
  client->send(encode(request::FlowMod{}));
  client->send(encode(request::BarrierRequest{2}));
  EXPECT_EQ(w.receive(*client)[1], OFPT_BARRIER_REPLY);
  EXPECT_EQ(w.server.judged().state().tables[0].rules.size(), 1u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

// CONN-9: a name comes again when its connection is gone.
TEST(Server, names_of_connections_come_again) {
  ServerOptions o = options();
  o.limits.connections = 3;
  o.limits.names = 4;
  World w(o);
  const auto stays = w.session();
  for (int i = 0; i < 20; ++i) {
    const auto comes = w.session();
    comes->send(encode(request::EchoRequest{}));
    EXPECT_FALSE(w.receive(*comes).empty());
    comes->close();
    ASSERT_TRUE(w.until([&] { return w.server.guests() == 1; }));
  }
  stays->send(encode(request::EchoRequest{}));
  EXPECT_FALSE(w.receive(*stays).empty());
  EXPECT_EQ(w.server.counts().sessions, 21u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

TEST(Server, there_is_no_room_for_more_than_so_many) {
  ServerOptions o = options();
  o.limits.connections = 4;
  World w(o);
  std::vector<std::unique_ptr<net::Channel>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(w.connect());
    w.settle();
  }
  EXPECT_LE(w.server.guests(), 5u);
  // Who speaks has its place, although silent ones came before and come again.
  std::vector<std::unique_ptr<net::Channel>> speaking;
  for (int i = 0; i < 4; ++i) speaking.push_back(w.session());
  silent.push_back(w.connect());
  EXPECT_TRUE(w.until([&] { return silent.back()->closed(); }));
  EXPECT_EQ(w.server.counts().refused, 1u);
  for (const auto& s : speaking) {
    s->send(encode(request::EchoRequest{}));
    EXPECT_FALSE(w.receive(*s).empty());
  }
}

// Garbage that begins like OpenFlow, cut anywhere, on many connections at once: the judge agrees, and everything ends.
TEST(Server, hostile_connections_end_in_agreement) {
  World w;
  std::mt19937 random(1);
  const auto modest = w.session();
  for (int round = 0; round < 40; ++round) {
    std::vector<std::unique_ptr<net::Channel>> hostile;
    for (int i = 0; i < 20; ++i) {
      hostile.push_back(w.connect());
      Bytes bytes = encode(request::Hello{});
      for (auto n = random() % 20; n > 0; --n) {
        Bytes one(8 + random() % 90);
        for (auto& b : one) b = static_cast<std::uint8_t>(random());
        if (random() % 8) {
          one[0] = 1;
          one[1] = static_cast<std::uint8_t>(random() % 22);
          one[2] = 0;
          one[3] = static_cast<std::uint8_t>(one.size());
        }
        bytes.insert(bytes.end(), one.begin(), one.end());
      }
      bytes.resize(bytes.size() - random() % 8);
      hostile.back()->send(bytes);
    }
    w.settle();
    modest->send(encode(request::EchoRequest{}));
    ASSERT_FALSE(w.receive(*modest).empty());
  }
  EXPECT_TRUE(w.until([&] { return w.server.guests() == 1; }));
  EXPECT_GT(w.server.judged().stats().messages, 1000u);
  EXPECT_EQ(w.server.judged().divergences(), 0u);
}

}  // namespace

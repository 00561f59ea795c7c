// For tests: a server in this process, with clients over loopback in the same thread.
#pragma once

#include <gtest/gtest.h>

#include "harness/default_config.h"
#include "harness/request.h"
#include "harness/serve/server.h"
#include "harness/subject/builtin.h"
#include "spec/openflow.h"

namespace oftwin::harness {

inline net::Deadline in(std::chrono::milliseconds time) { return net::Clock::now() + time; }

inline ServerOptions options(const std::string& log = "") {
  ServerOptions out;
  out.listen = {net::parse_endpoint("ptcp:0")};
  out.snoop = {net::parse_endpoint("ptcp:0")};
  out.judged.config = default_config();
  out.judged.config.provider = ProviderMode::simulated;
  out.judged.log = log;
  return out;
}

struct World {
  explicit World(ServerOptions o = options(), Subject* subject = nullptr)
      : server(reactor, subject ? *subject : *builtin, std::move(o)) {
    service = server.listening()[0];
    service.listens = false;
    snoop = server.listening()[1];
    snoop.listens = false;
  }

  std::unique_ptr<net::Channel> connect() { return net::Channel::connect(reactor, service); }
  std::unique_ptr<net::Channel> session(const net::Endpoint& to) {
    auto channel = net::Channel::connect(reactor, to);
    channel->send(encode(request::Hello{}));
    const auto message = receive(*channel);
    EXPECT_TRUE(!message.empty() && message[1] == OFPT_HELLO);
    return channel;
  }
  std::unique_ptr<net::Channel> session() { return session(service); }

  // Turns until `done`; false: it took too long.
  template <class Done>
  bool until(Done done, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    const auto end = in(patience);
    while (!done()) {
      if (net::Clock::now() > end) return false;
      server.turn(in(std::chrono::milliseconds(5)));
    }
    return true;
  }
  // Empty: closed.
  Bytes receive(net::Channel& channel) {
    Bytes out;
    until([&] {
      if (const auto message = channel.next_message()) out.assign(message->begin(), message->end());
      return !out.empty() || channel.closed();
    });
    return out;
  }
  void settle() {
    for (int i = 0; i < 20; ++i) server.turn(in(std::chrono::milliseconds(2)));
  }

  net::Reactor reactor;
  std::unique_ptr<Subject> builtin = make_builtin_subject();
  Server server;
  net::Endpoint service, snoop;
};

}  // namespace oftwin::harness

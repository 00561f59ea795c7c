// Messages a second of switches on sockets, by the same client in the same run: usage bench_serve NAME=ENDPOINT ...
// Several rounds are in flight: delete all, ten flows, an echo, statistics of all flows, a barrier. Switches take
// turns, five times a second each; what is printed is the median, and its ratio to the last one named.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "harness/net/channel.h"
#include "harness/request.h"
#include "spec/openflow.h"

namespace {

using namespace oftwin;
using namespace oftwin::harness;
using namespace std::chrono_literals;

constexpr int kRoundsInFlight = 16, kFlows = 10, kRepeats = 5;
constexpr auto kRepeat = 1s;

struct Target {
  std::string name;
  std::unique_ptr<net::Channel> channel;
  std::vector<double> rates;
};

struct Round {
  Bytes bytes;
  std::uint64_t messages = 0;
};

Round make_round() {
  Round out;
  const auto add = [&](const Request& r) {
    const Bytes message = encode(r);
    out.bytes.insert(out.bytes.end(), message.begin(), message.end());
    ++out.messages;
  };
  request::FlowMod all;
  all.command = OFPFC_DELETE;
  add(all);
  for (int i = 0; i < kFlows; ++i) {
    request::FlowMod fm;
    fm.priority = static_cast<std::uint16_t>(100 + i);
    fm.match = match_of_port(static_cast<std::uint16_t>(1 + i % 3));
    fm.actions = action::output(static_cast<std::uint16_t>(1 + i % 2));
    add(fm);
  }
  add(request::EchoRequest{1, {}});
  add(request::FlowStats{});
  add(request::BarrierRequest{2});
  return out;
}

[[noreturn]] void give_up(const Target& target, const std::string& why) {
  fmt::print(stderr, "bench_serve: {}: {}\n", target.name, why);
  std::exit(2);
}

// Reads until a round's barrier reply.
void finish_round(Target& target) {
  for (;;) {
    const auto message = target.channel->receive(net::Clock::now() + 10s);
    if (!message) give_up(target, "no answer: " + target.channel->why());
    if ((*message)[1] == OFPT_ERROR) give_up(target, "an error came back");
    if ((*message)[1] == OFPT_BARRIER_REPLY) return;
  }
}

void measure(Target& target, const Round& round) {
  std::uint64_t rounds = 0;
  const auto begin = net::Clock::now();
  for (int i = 0; i < kRoundsInFlight; ++i) target.channel->send(round.bytes);
  while (net::Clock::now() - begin < kRepeat) {
    finish_round(target);
    target.channel->send(round.bytes);
    ++rounds;
  }
  for (int i = 0; i < kRoundsInFlight; ++i, ++rounds) finish_round(target);
  const std::chrono::duration<double> took = net::Clock::now() - begin;
  target.rates.push_back(static_cast<double>(rounds * round.messages) / took.count());
}

}  // namespace

int main(int argc, char** argv) {
  net::Reactor reactor;
  std::vector<Target> targets;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = std::min(word.find('='), word.size());
    Target target{std::string(word.substr(0, equals)), nullptr, {}};
    try {
      net::Meeting meeting(reactor, net::parse_endpoint(word.substr(std::min(equals + 1, word.size()))));
      target.channel = meeting.open(net::Clock::now() + 5s);
      if (!target.channel) give_up(target, meeting.why_not());
    } catch (const std::exception& e) { give_up(target, e.what()); }
    target.channel->send(encode(request::Hello{}));
    if (!target.channel->receive(net::Clock::now() + 5s)) give_up(target, "no HELLO: " + target.channel->why());
    targets.push_back(std::move(target));
  }
  if (targets.empty()) {
    fmt::print(stderr, "usage: bench_serve NAME=ENDPOINT ...\n");
    return 2;
  }
  const Round round = make_round();
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    for (Target& target : targets) measure(target, round);
  }
  const auto median = [](std::vector<double> rates) {
    std::ranges::sort(rates);
    return rates[rates.size() / 2];
  };
  const double base = median(targets.back().rates);
  for (const Target& target : targets) {
    fmt::print("{:<24} {:>9.0f} messages/s  {:.2f}\n", target.name, median(target.rates), median(target.rates) / base);
  }
}

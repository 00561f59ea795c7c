// Cables to a live switch: frames arrive on its ports, and what leaves on them is heard.
//
// The oracles are shown to fail: by cables that are exchanged, by one that loses frames either way, by a switch that
// changes a frame.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "harness/convert.h"
#include "harness/live/campaign.h"
#include "harness/print.h"
#include "harness/request.h"
#include "harness/trace_text.h"
#include "harness/wire_io.h"
#include "model/step.h"
#include "properties/private_switch.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

namespace fs = std::filesystem;

net::Deadline in_ms(unsigned ms) { return net::Clock::now() + std::chrono::milliseconds(ms); }

std::string profile_of(const std::map<int, std::string>& cables) {
  std::string out;
  for (const auto& [port, where] : cables) {
    out += "[[port]]\nnumber = " + std::to_string(port) + "\nconnected = \"" + where + "\"\n\n";
  }
  return out;
}

CampaignOptions options_for(const std::string& endpoint, const std::string& profile) {
  CampaignOptions out;
  out.endpoint = net::parse_endpoint(endpoint);
  out.profile = parse_profile(profile, "cables.toml");
  out.probes = 60;
  return out;
}

// Open vSwitch, and the sockets of its ports.
struct Cabled {
  properties::PrivateSwitch ovs{true};
  std::string socket(int port) const { return "unix:" + ovs.folder() + "/p" + std::to_string(port) + ".cable"; }
  CampaignOptions options(std::map<int, std::string> cables) const {
    return options_for(ovs.endpoint(), profile_of(cables));
  }
  CampaignOptions options() const { return options({{1, socket(1)}, {2, socket(2)}, {3, socket(3)}}); }
};

std::string told(const CampaignReport& report) {
  std::string out;
  for (const Finding& f : report.findings) out += f.text() + "\n";
  return out;
}

// Stands in the middle of a cable, and may lose frames.
class Relay {
 public:
  enum class Way : std::uint8_t { to_switch, from_switch };
  // Whether the n-th frame (from 0) of a way goes on.
  using Keeps = std::function<bool(Way, std::uint64_t)>;

  Relay(const std::string& to, Keeps keeps)
      : to_(net::parse_endpoint(to)), keeps_(std::move(keeps)), path_(to_.path + ".relay"), thread_([this] { run(); }) {
    while (!listens_) std::this_thread::yield();
  }
  ~Relay() {
    over_ = true;
    thread_.join();
  }
  std::string where() const { return "unix:" + path_; }
  void cut() { cut_ = true; }

 private:
  void run() {
    net::Reactor reactor;
    net::Listener listener(reactor, net::parse_endpoint("punix:" + path_));
    listens_ = true;
    std::unique_ptr<net::Channel> here, there;
    while (!over_) {
      reactor.wait(in_ms(5));
      if (auto next = listener.accept()) {
        here = std::move(next);
        there = net::Channel::connect(reactor, to_);
      }
      if (!here) continue;
      if (cut_.exchange(false) || here->closed()) {
        here.reset();
        there.reset();
        continue;
      }
      pass(*here, *there, Way::to_switch);
      pass(*there, *here, Way::from_switch);
    }
  }
  void pass(net::Channel& from, net::Channel& to, Way way) {
    for (;;) {
      const ByteView come = from.received();
      const std::size_t size = come.size() < 2 ? 0 : 2 + (std::size_t{come[0]} << 8 | come[1]);
      if (size == 0 || come.size() < size) return;
      if (keeps_(way, passed_[way]++)) to.send(come.first(size));
      from.take(size);
    }
  }

  const net::Endpoint to_;
  const Keeps keeps_;
  const std::string path_;
  std::map<Way, std::uint64_t> passed_;
  std::atomic<bool> listens_{false}, over_{false}, cut_{false};
  std::thread thread_;
};

// The model on sockets, with three cables. `changes`: what it does to the frames that leave.
class LawfulSwitch {
 public:
  using Changes = std::function<void(observation::PacketTx&)>;
  explicit LawfulSwitch(Changes changes = [](observation::PacketTx&) {})
      : changes_(std::move(changes)),
        base_((fs::temp_directory_path() / ("oftwin-lawful-" + std::to_string(::getpid()))).string()),
        thread_([this] { run(); }) {
    while (!listens_) std::this_thread::yield();
  }
  ~LawfulSwitch() {
    over_ = true;
    thread_.join();
  }
  CampaignOptions options() const {
    std::map<int, std::string> cables;
    for (int port = 1; port <= 3; ++port) cables[port] = "unix:" + socket(port);
    CampaignOptions out = options_for("unix:" + base_, profile_of(cables));
    out.connections = 1;
    return out;
  }

 private:
  static constexpr ConnName kPeer{ConnKind::service, 1};
  struct Port {
    std::unique_ptr<net::Listener> listener;
    std::unique_ptr<net::Channel> cable;
  };
  std::string socket(int port) const { return base_ + ".p" + std::to_string(port); }

  void run() {
    net::Reactor reactor;
    net::Listener listener(reactor, net::parse_endpoint("punix:" + base_));
    for (std::uint16_t p = 1; p <= 3; ++p) {
      ports_[p].listener = std::make_unique<net::Listener>(reactor, net::parse_endpoint("punix:" + socket(p)));
    }
    listens_ = true;
    SwitchConfig config = config_of(Profile{});
    config.connections.clear();
    state_ = model::initial(config);
    auto begin = net::Clock::now();
    while (!over_) {
      reactor.wait(in_ms(2));
      if (auto next = listener.accept()) {
        if (peer_) step(event::ConnClose{kPeer});
        peer_ = std::move(next);
        greeted_ = false;
        peer_->send(encode(request::Hello{}));
        step(event::ConnOpen{kPeer});
      }
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - begin).count();
      begin += std::chrono::milliseconds(ms);
      step(event::Clock{static_cast<std::uint64_t>(ms)});
      while (const auto message = peer_ ? peer_->next_message() : std::nullopt) {
        if (!std::exchange(greeted_, true)) continue;
        step(event::Recv{kPeer, Bytes(message->begin(), message->end())});
      }
      for (auto& [number, port] : ports_) take_frames(number, port);
    }
    ports_.clear();  // before the reactor goes
    peer_.reset();
  }
  void take_frames(std::uint16_t number, Port& port) {
    if (auto next = port.listener->accept()) port.cable = std::move(next);
    while (port.cable) {
      const ByteView come = port.cable->received();
      const std::size_t size = come.size() < 2 ? 0 : 2 + (std::size_t{come[0]} << 8 | come[1]);
      if (size == 0 || come.size() < size) return;
      event::PacketArrives frame;
      frame.port = number;
      frame.frame.assign(come.begin() + 2, come.begin() + static_cast<std::ptrdiff_t>(size));
      port.cable->take(size);
      step(std::move(frame));
    }
  }
  void step(EventBody body) {
    model::Outcome out;
    model::step(state_, {++id_, std::move(body)}, {}, out);
    model::step(state_, {0, event::Loop{0}}, {}, out);
    for (Observation& o : out.observations) {
      if (const auto* send = std::get_if<observation::Send>(&o)) peer_->send(send->bytes);
      auto* tx = std::get_if<observation::PacketTx>(&o);
      if (!tx || !ports_.contains(tx->port) || !ports_[tx->port].cable) continue;
      changes_(*tx);
      Bytes bytes;
      put(bytes, static_cast<std::uint16_t>(tx->frame.size()));
      put_bytes(bytes, tx->frame);
      ports_[tx->port].cable->send(bytes);
    }
  }

  const Changes changes_;
  const std::string base_;
  model::State state_;
  std::uint32_t id_ = 0;
  std::unique_ptr<net::Channel> peer_;
  bool greeted_ = false;  // its first message, HELLO, has come
  std::map<std::uint16_t, Port> ports_;
  std::atomic<bool> listens_{false}, over_{false};
  std::thread thread_;
};

TEST(LiveCables, open_vswitch_agrees_under_its_ledger) {
  const Cabled cabled;
  Campaign campaign(cabled.options());
  campaign.play_random(1, 300, {});
  const CampaignReport& report = campaign.report();
  EXPECT_EQ(report.agreed + report.left, 300u) << told(report);
  EXPECT_GT(report.agreed, 150u);
  EXPECT_EQ(report.reconnects, 0u);
  EXPECT_TRUE(report.clauses[clause("DP-7")]);
  EXPECT_TRUE(report.clauses[clause("DP-8")]);
}

TEST(LiveCables, a_switch_that_keeps_the_law_needs_no_ledger) {
  const LawfulSwitch lawful;
  Campaign campaign(lawful.options());
  ASSERT_TRUE(campaign.ledger().entries().empty());
  campaign.play_random(1, 150, {});
  EXPECT_EQ(campaign.report().agreed, 150u) << told(campaign.report());
}

TEST(LiveCables, a_switch_that_changes_a_frame_is_found) {
  const LawfulSwitch wrong([](observation::PacketTx& tx) {
    if (tx.port == 3 && tx.frame.size() > 50 && tx.frame[12] == 8) tx.frame[50] ^= 1;
  });
  Campaign campaign(wrong.options());
  campaign.play_random(1, 100, {});
  const CampaignReport& report = campaign.report();
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.kinds.begin()->first, "frame") << told(report);
  EXPECT_NE(report.findings[0].text().find("port 3 sends"), std::string::npos) << told(report);
  EXPECT_LE(report.findings[0].inputs, 4u) << told(report);
  EXPECT_EQ(report.findings[0].shown, 10u);
}

TEST(LiveCables, exchanged_cables_are_found) {
  const Cabled cabled;
  CampaignOptions options = cabled.options({{1, cabled.socket(2)}, {2, cabled.socket(1)}, {3, cabled.socket(3)}});
  options.arrival_ms = 200;
  options.findings = 1;
  options.probes = options.reruns = 3;
  Campaign campaign(options);
  campaign.play_random(1, 4, {});
  EXPECT_GT(campaign.report().differing, 0u);
}

TEST(LiveCables, a_cable_that_loses_what_the_switch_sends_is_found) {
  const Cabled cabled;
  const Relay relay(cabled.socket(2),
                    [](Relay::Way way, std::uint64_t n) { return way == Relay::Way::to_switch || n % 3 != 1; });
  CampaignOptions options = cabled.options({{1, cabled.socket(1)}, {2, relay.where()}, {3, cabled.socket(3)}});
  options.findings = 1;
  options.probes = 3;
  Campaign campaign(options);
  campaign.play_random(1, 60, {});
  EXPECT_GT(campaign.report().differing, 0u);
  EXPECT_TRUE(campaign.report().kinds.contains("only model frame") || campaign.report().kinds.contains("frame"));
}

TEST(LiveCables, a_frame_that_does_not_arrive_is_found) {
  const Cabled cabled;
  const Relay relay(cabled.socket(2),
                    [](Relay::Way way, std::uint64_t n) { return way == Relay::Way::from_switch || n != 3; });
  CampaignOptions options = cabled.options({{1, cabled.socket(1)}, {2, relay.where()}, {3, cabled.socket(3)}});
  options.reruns = 2;
  options.probes = 2;
  options.arrival_ms = 500;
  Campaign campaign(options);
  campaign.play_random(1, 40, {});
  EXPECT_EQ(campaign.report().differing, 1u) << told(campaign.report());
}

TEST(LiveCables, a_cable_that_is_cut_and_connected_again_loses_no_scenario) {
  const Cabled cabled;
  Relay relay(cabled.socket(2), [](Relay::Way, std::uint64_t) { return true; });
  Campaign campaign(cabled.options({{1, cabled.socket(1)}, {2, relay.where()}, {3, cabled.socket(3)}}));
  bool cut = false;
  campaign.play_random(1, 100, [&](std::uint64_t done, std::uint64_t) {
    if (done >= 30 && !cut) relay.cut();
    cut = cut || done >= 30;
  });
  const CampaignReport& report = campaign.report();
  EXPECT_GE(report.reconnects, 1u);
  EXPECT_EQ(report.agreed + report.left, 100u) << told(report);
}

TEST(LiveCables, a_switch_that_is_killed_and_comes_back_loses_no_scenario) {
  const Cabled cabled;
  Campaign campaign(cabled.options());
  bool killed = false;
  std::thread again;
  campaign.play_random(1, 100, [&](std::uint64_t done, std::uint64_t) {
    if (done < 30 || killed) return;
    killed = true;
    cabled.ovs.run("kill");
    again = std::thread([&] { cabled.ovs.run("again"); });
  });
  again.join();
  EXPECT_GE(campaign.report().reconnects, 1u);
  EXPECT_EQ(campaign.report().agreed + campaign.report().left, 100u) << told(campaign.report());
}

TEST(LiveCables, a_cable_that_nobody_holds_is_said) {
  const Cabled cabled;
  CampaignOptions options = cabled.options({{2, "unix:" + cabled.ovs.folder() + "/nobody"}});
  options.meet_ms = 300;
  EXPECT_THROW(Campaign campaign(options), LinkError);
  EXPECT_THROW(Campaign campaign(cabled.options({{7, cabled.socket(1)}})), CableError);
}

TEST(LiveCables, the_finding_about_misses_shows_every_time) {
  const Cabled cabled;
  const std::string file = OFTWIN_SOURCE_DIR "/corpus/findings/no_packet_in_is_not_heeded.trace";
  Campaign campaign(cabled.options());
  const Ledger ledger = campaign.ledger();
  campaign.play(file, read_any_trace(file));
  EXPECT_EQ(campaign.report().agreed, 1u) << told(campaign.report());
  EXPECT_EQ(campaign.report().used.at("misses-come-nevertheless"), 1u);
  campaign.use(ledger.without("misses-come-nevertheless"));
  campaign.play(file, read_any_trace(file));
  ASSERT_EQ(campaign.report().findings.size(), 1u);
  EXPECT_EQ(campaign.report().findings[0].shown, 10u) << told(campaign.report());
}

// What counts though it is dropped is predicted: without the entry the difference is found.
TEST(LiveCables, frames_that_a_port_must_not_take_in_count) {
  const Cabled cabled;
  Campaign campaign(cabled.options());
  const std::string frame(120, '0');
  const Trace trace = parse_trace(
      "switch tables=1 ports=1,2,3 provider=simulated\n\nc1 flow_mod add priority=1 actions=output:2\n\n"
      "c1 port_mod port=1 hw_addr=aa:55:aa:55:00:01 config=0x4 mask=0x4\n\np1 packet " +
      frame + "\n\nc1 stats_request flow\n\nc1 stats_request port\n");
  campaign.play("not received", trace);
  EXPECT_EQ(campaign.report().agreed, 1u) << told(campaign.report());
  EXPECT_EQ(campaign.report().used.at("unreceived-are-counted"), 1u);
  campaign.use(campaign.ledger().without("unreceived-are-counted"));
  campaign.play("not received", trace);
  EXPECT_EQ(campaign.report().differing, 1u);
}

TEST(Scenario, frames_arrive_only_where_there_is_a_cable) {
  SwitchConfig config = config_of(Profile{});
  config.connections = {{ConnKind::service, 1}};
  const auto frames = [&](const DrawOptions& options) {
    std::map<std::uint16_t, int> out;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const Trace trace = draw_scenario(seed, config, options);
      EXPECT_EQ(trace, draw_scenario(seed, config, options));
      for (const Event& e : trace.events) {
        const auto* frame = std::get_if<event::PacketArrives>(&e.body);
        if (!frame) continue;
        ++out[frame->port];
        EXPECT_GE(frame->frame.size(), kPaddedFrame);
      }
    }
    return out;
  };
  DrawOptions options;
  EXPECT_TRUE(frames(options).empty());
  options.cables = {1, 3};
  const auto some = frames(options);
  EXPECT_EQ(some.size(), 2u);
  EXPECT_GT(some.at(1), 50);
  EXPECT_GT(some.at(3), 50);
}

}  // namespace
}  // namespace oftwin::harness::live

// The ways to a live switch: TLS with and without a certificate of one's own, a switch that connects to us over a unix
// socket, to an address, over TLS; and a pace. Debian's Open vSwitch, started privately, is at the other end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "harness/live/campaign.h"
#include "properties/private_switch.h"

namespace oftwin::harness::live {
namespace {

constexpr std::uint64_t kScenarios = 60;

// A port that nobody listens on now.
std::string free_port() {
  net::Reactor reactor;
  return std::to_string(net::Listener(reactor, net::parse_endpoint("ptcp:0")).endpoint().port);
}

CampaignOptions options_for(const std::string& endpoint, const net::TlsFiles& tls = {}) {
  CampaignOptions out;
  out.endpoint = net::parse_endpoint(endpoint);
  out.tls = tls;
  return out;
}

void expect_agreement(const CampaignOptions& options) {
  Campaign campaign(options);
  campaign.play_random(31000, kScenarios, {});
  const CampaignReport& report = campaign.report();
  std::string told;
  for (const Finding& f : report.findings) told += f.text() + "\n";
  EXPECT_EQ(report.agreed + report.left, kScenarios) << told;
  EXPECT_EQ(report.reconnects, 0u);
}

class TlsSwitch : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=";
    run("openssl req -x509 " + key + "authority -days 2 -keyout ca.key -out ca.crt");
    for (const std::string name : {"switch", "check"}) {
      run("openssl req " + key + name + " -keyout " + name + ".key -out " + name + ".csr && openssl x509 -req -in " +
          name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out " + name + ".crt");
    }
  }
  void run(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + ovs_.folder() + " && (" + command + ") >tls.log 2>&1").c_str()), 0) << command;
  }
  std::string at(const std::string& file) const { return ovs_.folder() + "/" + file; }
  // `ca`: whose certificates the switch wants to see; none: it wants none.
  void listen(const std::string& ca) const {
    ovs_.configure("set-ssl " + at("switch.key") + " " + at("switch.crt") + " " + ca);
    ovs_.configure("set-controller br0 pssl:" + port_ + ":127.0.0.1");
  }
  const std::string port_ = free_port();
  const properties::PrivateSwitch ovs_;
};

TEST_F(TlsSwitch, both_sides_show_certificates) {
  listen(at("ca.crt"));
  expect_agreement(options_for("ssl:127.0.0.1:" + port_, {at("check.key"), at("check.crt"), at("ca.crt")}));
}

TEST_F(TlsSwitch, a_switch_that_wants_no_certificate_is_shown_none) {
  listen("none");
  expect_agreement(options_for("ssl:127.0.0.1:" + port_, {"", "", at("ca.crt")}));
}

TEST_F(TlsSwitch, a_switch_that_wants_a_certificate_and_is_shown_none_closes) {
  listen(at("ca.crt"));
  CampaignOptions options = options_for("ssl:127.0.0.1:" + port_, {"", "", at("ca.crt")});
  options.meet_ms = 2000;
  try {
    const Campaign campaign(options);
    FAIL() << "it was let in";
  } catch (const LinkError& e) { EXPECT_NE(std::string(e.what()).find("TLS: "), std::string::npos) << e.what(); }
}

TEST_F(TlsSwitch, it_connects_to_us) {
  ovs_.configure("set-ssl " + at("switch.key") + " " + at("switch.crt") + " " + at("ca.crt"));
  ovs_.configure("set-controller br0 ssl:127.0.0.1:" + port_);
  expect_agreement(options_for("pssl:" + port_, {at("check.key"), at("check.crt"), at("ca.crt")}));
}

TEST(LiveEndpoints, a_switch_connects_to_a_unix_socket) {
  const properties::PrivateSwitch ovs;
  const std::string path = ovs.folder() + "/br0.controller";  // others it does not connect to
  ovs.configure("set-controller br0 unix:" + path);
  expect_agreement(options_for("punix:" + path));
}

TEST(LiveEndpoints, a_switch_connects_to_an_address) {
  const properties::PrivateSwitch ovs;
  const std::string port = free_port();
  ovs.configure("set-controller br0 tcp:127.0.0.2:" + port);
  expect_agreement(options_for("ptcp:" + port + ":127.0.0.2"));
}

// Stands between a check and the switch, and notes when messages to the switch come by.
class Passage {
 public:
  explicit Passage(const std::string& to)
      : to_(net::parse_endpoint(to)), path_(to_.path + ".passage"), thread_([this] { run(); }) {
    while (!listens_) std::this_thread::yield();
  }
  ~Passage() { stop(); }
  std::string where() const { return "unix:" + path_; }
  // Of when each message came by.
  const std::vector<net::Clock::time_point>& times() {
    stop();
    return times_;
  }

 private:
  void stop() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void run() {
    net::Reactor reactor;
    net::Listener listener(reactor, net::parse_endpoint("punix:" + path_));
    listens_ = true;
    std::unique_ptr<net::Channel> here, there;
    while (!over_) {
      reactor.wait(net::Clock::now() + std::chrono::milliseconds(5));
      if (auto next = listener.accept()) {
        here = std::move(next);
        there = net::Channel::connect(reactor, to_);
      }
      while (const auto message = here ? here->next_message() : std::nullopt) {
        times_.push_back(net::Clock::now());
        there->send(*message);
      }
      while (const auto message = there ? there->next_message() : std::nullopt) here->send(*message);
    }
  }
  const net::Endpoint to_;
  const std::string path_;
  std::vector<net::Clock::time_point> times_;
  std::atomic<bool> listens_{false}, over_{false};
  std::thread thread_;
};

// Over any half second no more than that, and one scenario.
TEST(LiveEndpoints, a_pace_is_kept_all_the_time) {
  const properties::PrivateSwitch ovs;
  constexpr std::size_t kPace = 1000, kScenario = 300;
  constexpr std::chrono::milliseconds window{500};
  Passage passage(ovs.endpoint());
  CampaignOptions options = options_for(passage.where());
  options.connections = 1;
  options.messages_per_s = kPace;
  {
    Campaign campaign(options);
    campaign.play_random(31000, 40, {});
    EXPECT_EQ(campaign.report().agreed + campaign.report().left, 40u);
  }
  const auto& times = passage.times();
  ASSERT_GT(times.size(), kPace);
  for (std::size_t from = 0; from < times.size(); ++from) {
    const auto end = std::upper_bound(times.begin(), times.end(), times[from] + window);
    ASSERT_LE(static_cast<std::size_t>(end - times.begin()) - from, kPace / 2 + kScenario);
  }
}

}  // namespace
}  // namespace oftwin::harness::live

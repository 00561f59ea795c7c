// The ways to a live switch: TLS with and without a certificate of one's own, a switch that connects to us over a unix
// socket, to an address, over TLS; and a pace. Debian's Open vSwitch, started privately, is at the other end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "harness/live/campaign.h"
#include "properties/private_switch.h"

namespace oftwin::harness::live {
namespace {

const std::string kLedgers = OFTWIN_SOURCE_DIR "/corpus/ledger";
constexpr std::uint64_t kScenarios = 60;

// A port that nobody listens on now.
std::string free_port() {
  net::Reactor reactor;
  return std::to_string(net::Listener(reactor, net::parse_endpoint("ptcp:0")).endpoint().port);
}

CampaignOptions options_for(const std::string& endpoint, const net::TlsFiles& tls = {}) {
  CampaignOptions out;
  out.endpoint = net::parse_endpoint(endpoint);
  out.ledgers = kLedgers;
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

TEST(LiveEndpoints, no_more_messages_a_second_than_asked_for) {
  const properties::PrivateSwitch ovs;
  constexpr std::uint64_t kPace = 1000;
  CampaignOptions options = options_for(ovs.endpoint());
  options.messages_per_s = kPace;
  const auto begin = std::chrono::steady_clock::now();
  Campaign campaign(options);
  campaign.play_random(31000, 40, {});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(campaign.report().agreed + campaign.report().left, 40u);
  EXPECT_LE(static_cast<double>(campaign.report().sent), seconds * kPace);
  EXPECT_GE(static_cast<double>(campaign.report().sent), seconds * kPace / 2) << "far slower than asked for";
}

}  // namespace
}  // namespace oftwin::harness::live

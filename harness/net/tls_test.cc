// Channels over TLS, with certificates made here.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "harness/net/channel.h"

namespace {

using namespace oftwin;
using namespace oftwin::net;
using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return Clock::now() + time; }
const Bytes kHello = {1, 0, 0, 8, 0, 0, 0, 1};

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_);
    make("ca");
    make("stranger");
    sign("switch");
    sign("controller");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void run(const std::string& command) {
    ASSERT_EQ(std::system(("cd " + folder_ + " && " + command + " >log 2>&1").c_str()), 0) << command;
  }
  // A key, and a certificate that it signs itself.
  void make(const std::string& name) {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name + " -keyout " +
        name + ".key -out " + name + ".crt");
  }
  // The same, signed by `ca`.
  void sign(const std::string& name) {
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name +
        ".key -out " + name + ".csr && openssl x509 -req -in " + name +
        ".csr -CA ca.crt -CAkey ca.key -CAcreateserial " + "-days 2 -out " + name + ".crt");
  }
  TlsFiles files(const std::string& name, const std::string& ca = "ca") const {
    return {folder_ + "/" + name + ".key", folder_ + "/" + name + ".crt", folder_ + "/" + ca + ".crt"};
  }
  static Endpoint to(const Listener& listener) {
    Endpoint out = listener.endpoint();
    out.listens = false;
    return out;
  }

  const std::string folder_ = ::testing::TempDir() + "/tls_test." + std::to_string(::getpid());
  Reactor reactor_;
};

TEST_F(Tls, both_sides_with_certificates_of_one_authority) {
  Listener listener(reactor_, parse_endpoint("pssl:0"), files("controller"));
  const auto client = Channel::connect(reactor_, to(listener), files("switch"));
  const auto server = listener.accept(in(5s));
  ASSERT_TRUE(server);
  ASSERT_TRUE(client->wait_open(in(5s))) << client->why();
  ASSERT_TRUE(server->wait_open(in(5s))) << server->why();
  ASSERT_TRUE(client->send(kHello));
  const auto hello = server->receive(in(5s));
  ASSERT_TRUE(hello);
  EXPECT_EQ(Bytes(hello->begin(), hello->end()), kHello);
  // More than a record, more than the system holds.
  Bytes much(65535, 7);
  much[0] = 1, much[2] = much[3] = 0xff;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(server->send(much));
  for (int i = 0; i < 100; ++i) {
    const auto got = client->receive(in(5s));
    ASSERT_TRUE(got && std::equal(got->begin(), got->end(), much.begin(), much.end()));
  }
  server->close();
  EXPECT_FALSE(client->receive(in(5s)));
  EXPECT_EQ(client->why(), "the peer closed the connection");
}

TEST_F(Tls, a_stranger_is_refused) {
  Listener listener(reactor_, parse_endpoint("pssl:0"), files("controller"));
  const auto client = Channel::connect(reactor_, to(listener), files("stranger"));
  const auto server = listener.accept(in(5s));
  EXPECT_FALSE(server->wait_open(in(5s)));
  EXPECT_NE(server->why().find("certificate verify failed"), std::string::npos) << server->why();
  EXPECT_FALSE(client->receive(in(5s)));
  // And who shows none: a plain connection that says something else.
  Endpoint plain = to(listener);
  plain.transport = Transport::tcp;
  const auto garbage = Channel::connect(reactor_, plain);
  garbage->send(kHello);
  const auto other = listener.accept(in(5s));
  EXPECT_FALSE(other->wait_open(in(5s)));
  EXPECT_EQ(other->why().rfind("TLS: ", 0), 0u) << other->why();
}

TEST_F(Tls, who_shows_no_certificate_is_refused) {
  Listener listener(reactor_, parse_endpoint("pssl:0"), files("controller"));
  const auto client = Channel::connect(reactor_, to(listener), {"", "", files("switch").ca_cert});
  const auto server = listener.accept(in(5s));
  EXPECT_FALSE(server->wait_open(in(5s)));
  EXPECT_NE(server->why().find("peer did not return a certificate"), std::string::npos) << server->why();
  EXPECT_FALSE(client->receive(in(5s)));
  EXPECT_NE(client->why().find("TLS: "), std::string::npos) << client->why();
}

TEST_F(Tls, the_client_looks_at_the_servers_certificate_too) {
  Listener listener(reactor_, parse_endpoint("pssl:0"), files("stranger"));
  const auto client = Channel::connect(reactor_, to(listener), files("switch"));
  const auto server = listener.accept(in(5s));
  EXPECT_FALSE(client->wait_open(in(5s)));
  EXPECT_NE(client->why().find("certificate verify failed"), std::string::npos) << client->why();
}

TEST_F(Tls, a_missing_or_wrong_file_is_told_with_its_name) {
  const auto refusal = [&](const TlsFiles& with) -> std::string {
    try {
      const Listener listener(reactor_, parse_endpoint("pssl:0"), with);
    } catch (const NetError& e) { return e.what(); }
    return "";
  };
  EXPECT_EQ(refusal({}), "pssl:0:127.0.0.1: ssl needs a private key, a certificate and the peers' CA certificate");
  TlsFiles wrong = files("switch");
  wrong.certificate = folder_ + "/none.crt";
  EXPECT_EQ(refusal(wrong).rfind(wrong.certificate + ": ", 0), 0u) << refusal(wrong);
  wrong = files("switch");
  wrong.private_key = files("ca").private_key;  // of another certificate
  EXPECT_EQ(refusal(wrong).rfind(wrong.private_key + ": ", 0), 0u) << refusal(wrong);
  wrong = files("switch");
  const auto refused = [&](const TlsFiles& with) -> std::string {
    try {
      Channel::connect(reactor_, parse_endpoint("ssl:localhost:1"), with);
    } catch (const NetError& e) { return e.what(); }
    return "";
  };
  EXPECT_EQ(refused({}), "ssl:localhost:1: ssl needs the peer's CA certificate");
  EXPECT_EQ(refused({"", wrong.certificate, wrong.ca_cert}),
            "ssl:localhost:1: a private key and its certificate are needed together, or neither");
  wrong.ca_cert = folder_ + "/log";
  EXPECT_EQ(refusal(wrong).rfind(wrong.ca_cert + ": ", 0), 0u) << refusal(wrong);
}

}  // namespace

#include "harness/net/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace oftwin::net;

Endpoint parsed(std::string_view text) { return parse_endpoint(text); }

std::string refusal(std::string_view text) {
  try {
    parse_endpoint(text);
  } catch (const EndpointError& e) { return e.what(); }
  return "";
}

TEST(Endpoint, what_connects) {
  EXPECT_EQ(parsed("tcp:127.0.0.1:6653"), (Endpoint{Transport::tcp, false, "127.0.0.1", 6653, ""}));
  EXPECT_EQ(parsed("ssl:switch.example:6653"), (Endpoint{Transport::ssl, false, "switch.example", 6653, ""}));
  EXPECT_EQ(parsed("tcp:[::1]:1"), (Endpoint{Transport::tcp, false, "::1", 1, ""}));
  EXPECT_EQ(parsed("unix:/run/a b:c"), (Endpoint{Transport::unix_socket, false, "", 0, "/run/a b:c"}));
}

TEST(Endpoint, what_listens_is_on_loopback_unless_told_otherwise) {
  EXPECT_EQ(parsed("ptcp:6653"), (Endpoint{Transport::tcp, true, "127.0.0.1", 6653, ""}));
  EXPECT_EQ(parsed("ptcp:0"), (Endpoint{Transport::tcp, true, "127.0.0.1", 0, ""}));
  EXPECT_EQ(parsed("pssl:6653:0.0.0.0"), (Endpoint{Transport::ssl, true, "0.0.0.0", 6653, ""}));
  EXPECT_EQ(parsed("ptcp:6653:[::1]"), (Endpoint{Transport::tcp, true, "::1", 6653, ""}));
  EXPECT_EQ(parsed("punix:s"), (Endpoint{Transport::unix_socket, true, "", 0, "s"}));
}

TEST(Endpoint, printed_it_reads_the_same) {
  for (const char* text :
       {"tcp:127.0.0.1:6653", "ssl:[fe80::1]:65535", "unix:/a", "ptcp:0:127.0.0.1", "pssl:6653:[::]", "punix:/b:c"}) {
    EXPECT_EQ(print_endpoint(parsed(text)), text);
    EXPECT_TRUE(names_endpoint(text));
  }
  EXPECT_FALSE(names_endpoint("corpus/flow_mod"));
  EXPECT_FALSE(names_endpoint("builtin"));
}

TEST(Endpoint, a_mistake_is_told_with_its_place) {
  EXPECT_EQ(refusal("udp:x:1").rfind("column 1 of 'udp:x:1': ", 0), 0u) << refusal("udp:x:1");
  EXPECT_EQ(refusal("tcp:"), "column 5 of 'tcp:': a host is missing");
  EXPECT_EQ(refusal("tcp:h"), "column 6 of 'tcp:h': ':PORT' is wanted, e.g. :6653");
  EXPECT_EQ(refusal("tcp:h:"), "column 7 of 'tcp:h:': a port from 1 to 65535 is wanted");
  EXPECT_EQ(refusal("tcp:h:0"), "column 7 of 'tcp:h:0': a port from 1 to 65535 is wanted");
  EXPECT_EQ(refusal("tcp:h:65536"), "column 7 of 'tcp:h:65536': a port from 1 to 65535 is wanted");
  EXPECT_EQ(refusal("tcp:h:66x"), "column 7 of 'tcp:h:66x': a port from 1 to 65535 is wanted");
  EXPECT_EQ(refusal("tcp:h:66:1"), "column 9 of 'tcp:h:66:1': nothing more is wanted here");
  EXPECT_EQ(refusal("tcp:[::1:6653"), "column 5 of 'tcp:[::1:6653': '[' without ']'");
  EXPECT_EQ(refusal("ptcp:-1"), "column 6 of 'ptcp:-1': a port from 0 to 65535 is wanted");
  EXPECT_EQ(refusal("ptcp:1:"), "column 8 of 'ptcp:1:': a host is missing");
  EXPECT_EQ(refusal("unix:"), "column 6 of 'unix:': a path is missing");
  EXPECT_NE(refusal("punix:/" + std::string(kMaxSocketPath, 'x')), "");
  EXPECT_EQ(refusal("punix:/" + std::string(kMaxSocketPath - 1, 'x')), "");
  EXPECT_NE(refusal(""), "");
}

}  // namespace

// Cables: frames as a stream, and on a network interface of this machine (in a network namespace of its own, so that no
// right is needed but that of making one).
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "harness/live/cables.h"

namespace oftwin::harness::live {
namespace {

namespace fs = std::filesystem;

net::Deadline in_ms(unsigned ms) { return net::Clock::now() + std::chrono::milliseconds(ms); }

Bytes frame_of(std::uint8_t value, std::size_t size = 60) {
  Bytes out(size, value);
  out[0] = 2;
  return out;
}

// The next frame, waited for.
std::optional<Bytes> next(Cable& cable, net::Reactor& reactor, unsigned ms = 2000) {
  const net::Deadline deadline = in_ms(ms);
  for (;;) {
    if (auto frame = cable.take()) return frame;
    if (net::Clock::now() >= deadline) return std::nullopt;
    reactor.wait(deadline);
  }
}

// Why there can be no such cable.
std::string refusal(const std::string& where) {
  net::Reactor reactor;
  try {
    make_cable(reactor, where)->connect(in_ms(50));
  } catch (const CableError& e) { return e.what(); } catch (const LinkError& e) {
    return std::string("link: ") + e.what();
  }
  return "connected";
}

class StreamCable : public ::testing::Test {
 protected:
  StreamCable()
      : path_((fs::temp_directory_path() / ("oftwin-cable-" + std::to_string(getpid()))).string()),
        listener_(reactor_, net::parse_endpoint("punix:" + path_)),
        cable_(make_cable(reactor_, "unix:" + path_)) {
    cable_->connect(in_ms(1000));
    other_ = listener_.accept(in_ms(1000));
  }
  const std::string path_;
  net::Reactor reactor_;
  net::Listener listener_;
  std::unique_ptr<Cable> cable_;
  std::unique_ptr<net::Channel> other_;
};

TEST_F(StreamCable, a_frame_has_its_length_before_it) {
  cable_->put(frame_of(7, 300));
  ASSERT_TRUE(other_->flush(in_ms(1000)));
  const net::Deadline deadline = in_ms(1000);
  while (other_->received().size() < 302 && net::Clock::now() < deadline) reactor_.wait(deadline);
  ASSERT_EQ(other_->received().size(), 302u);
  EXPECT_EQ(other_->received()[0], 1);
  EXPECT_EQ(other_->received()[1], 300 - 256);
  EXPECT_EQ(other_->received()[2], 2);
}

TEST_F(StreamCable, frames_come_whole_however_they_are_cut) {
  Bytes stream;
  for (const std::size_t size : {14, 60, 1514}) {
    stream.push_back(static_cast<std::uint8_t>(size >> 8));
    stream.push_back(static_cast<std::uint8_t>(size));
    const Bytes frame = frame_of(static_cast<std::uint8_t>(size), size);
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  const ByteView all = stream;
  other_->send(all.first(1));
  EXPECT_FALSE(next(*cable_, reactor_, 20));
  other_->send(all.subspan(1, 40));
  EXPECT_EQ(next(*cable_, reactor_), frame_of(14, 14));
  EXPECT_FALSE(next(*cable_, reactor_, 20));
  other_->send(all.subspan(41));
  EXPECT_EQ(next(*cable_, reactor_), frame_of(60, 60));
  EXPECT_EQ(next(*cable_, reactor_), frame_of(static_cast<std::uint8_t>(1514 & 0xff), 1514));
}

TEST_F(StreamCable, one_that_is_cut_says_so_after_its_last_frame_and_can_be_connected_again) {
  const Bytes one = {0, 14, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
  other_->send(one);
  other_->finish();
  EXPECT_EQ(next(*cable_, reactor_), frame_of(9, 14));
  EXPECT_THROW(next(*cable_, reactor_), LinkError);
  EXPECT_THROW(cable_->put(frame_of(1)), LinkError);
  cable_->connect(in_ms(1000));
  other_ = listener_.accept(in_ms(1000));
  other_->send(one);
  EXPECT_EQ(next(*cable_, reactor_), frame_of(9, 14));
}

TEST(Cable, what_cannot_be_one_is_said) {
  EXPECT_EQ(refusal("unix:/nonexistent/p1"),
            "link: the cable unix:/nonexistent/p1 has no other end: No such file or directory");
  EXPECT_EQ(refusal("tcp:localhost"), "column 14 of 'tcp:localhost': ':PORT' is wanted, e.g. :6653");
  EXPECT_EQ(refusal("ssl:localhost:1"), "a cable has no TLS");
  EXPECT_EQ(refusal("interface:a/b"), "interface:a/b: an interface has a name of 1 to 15 bytes");
  EXPECT_EQ(refusal("interface:none-of-this").substr(0, 24), "interface:none-of-this: ");
}

TEST(Cable, a_port_that_the_switch_has_not_is_named_with_its_place) {
  net::Reactor reactor;
  const Profile profile =
      parse_profile("[[port]]\nnumber = 1\n\n[[port]]\nnumber = 9\nconnected = \"unix:/nonexistent\"\n", "mine.toml");
  Cables cables(reactor, profile);
  EXPECT_EQ(cables.ports(), std::vector<std::uint16_t>{9});
  try {
    cables.connect({}, in_ms(10));
    FAIL();
  } catch (const CableError& e) { EXPECT_STREQ(e.what(), "mine.toml:4: port 9: the switch has no such port"); }
  EXPECT_THROW(Cables(reactor, parse_profile("[[port]]\nnumber = 1\nconnected = \"tcp:x\"\n", "mine.toml")),
               CableError);
}

// --- Network interfaces ----------------------------------------------------------------------------------------------

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

// Whoever may not make a network may be root among users of his own.
bool own_network() {
  if (::unshare(CLONE_NEWNET) == 0) return true;
  const std::string user = std::to_string(::getuid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
  return ::getuid() == 0;
}

// What `test` says, run in a process with a network of its own, which has a pair of interfaces; 77: there can be none.
int in_own_network(const std::function<void()>& test) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!own_network() || !run("ip link add east type veth peer name west")) ::_exit(77);
    for (const std::string name : {"east", "west"}) {
      std::ofstream("/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6") << "1";
      if (!run("ip link set " + name + " up")) ::_exit(77);
    }
    test();
    std::cout.flush();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST(InterfaceCable, frames_go_both_ways_and_its_own_are_not_heard) {
  const int result = in_own_network([] {
    net::Reactor reactor;
    const auto east = make_cable(reactor, "interface:east"), west = make_cable(reactor, "interface:west");
    east->connect(in_ms(1000));
    west->connect(in_ms(1000));
    Bytes tagged = frame_of(5, 64);
    tagged[12] = 0x81, tagged[13] = 0, tagged[14] = 0x60, tagged[15] = 7, tagged[16] = 8, tagged[17] = 0;
    east->put(frame_of(1, 60));
    east->put(tagged);
    west->put(frame_of(2, 1514));
    EXPECT_EQ(next(*west, reactor), frame_of(1, 60));
    EXPECT_EQ(next(*west, reactor), tagged);
    EXPECT_EQ(next(*east, reactor), frame_of(2, 1514));
    EXPECT_FALSE(next(*east, reactor, 50));
    EXPECT_FALSE(next(*west, reactor, 50));
    run("ip link del west");
    EXPECT_THROW(
        {
          next(*east, reactor, 1000);
          east->put(frame_of(1));
        },
        LinkError);
  });
  if (result == 77) GTEST_SKIP() << "no network of one's own can be made here";
  EXPECT_EQ(result, 0);
}

TEST(InterfaceCable, an_interface_on_which_the_machine_speaks_by_itself_is_refused) {
  const int result = in_own_network([] {
    EXPECT_EQ(refusal("interface:east"), "connected");
    std::ofstream("/proc/sys/net/ipv6/conf/east/disable_ipv6") << "0";
    EXPECT_NE(refusal("interface:east").find("sysctl -w net.ipv6.conf.east.disable_ipv6=1"), std::string::npos);
    run("ip link set west down");
    std::ofstream("/proc/sys/net/ipv6/conf/west/disable_ipv6") << "1";
    EXPECT_EQ(refusal("interface:west"), "link: the cable interface:west is not up");
  });
  if (result == 77) GTEST_SKIP() << "no network of one's own can be made here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace oftwin::harness::live

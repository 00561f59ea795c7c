// Live checks of switches that say the same as `oftwin serve` in other words: what the standard leaves open is open,
// and nothing else.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cli/serving.h"
#include "spec/openflow.h"

namespace {

using namespace oftwin::cli;
using Bytes = std::vector<std::uint8_t>;
using Change = std::function<void(std::uint8_t* match)>;

sockaddr_un address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  path.copy(out.sun_path, sizeof out.sun_path - 1);
  return out;
}

// Stands between a check and a served switch, and changes the matches that the switch sends.
class Between {
 public:
  Between(const Serving& serving, Change change)
      : path_(serving.folder() + "/between"), to_(serving.folder() + "/br0.mgmt"), change_(std::move(change)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un at = address(path_);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    accepting_ = std::thread([this] { accept(); });
  }
  ~Between() {
    over_ = true;
    accepting_.join();
    for (std::thread& pair : pairs_) pair.join();
    ::close(listener_);
  }
  Between(const Between&) = delete;
  Between& operator=(const Between&) = delete;

  std::string subject() const { return "unix:" + path_; }
  std::size_t changed() const { return changed_; }

 private:
  static constexpr int kTickMs = 20;

  void accept() {
    while (!over_) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, kTickMs) <= 0) continue;
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client >= 0) pairs_.emplace_back([this, client] { carry(client); });
    }
  }

  void carry(int client) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un at = address(to_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
      Bytes begun;
      while (!over_ && pass(client, server, begun)) {}
    }
    ::close(server);
    ::close(client);
  }

  // False: one of them has gone.
  bool pass(int client, int server, Bytes& begun) {
    pollfd ready[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(ready, 2, kTickMs) <= 0) return true;
    std::uint8_t buffer[1 << 16];
    if (ready[0].revents != 0) {
      const ssize_t n = ::read(client, buffer, sizeof buffer);
      if (n <= 0 || !write_all(server, buffer, static_cast<std::size_t>(n))) return false;
    }
    if (ready[1].revents == 0) return true;
    const ssize_t n = ::read(server, buffer, sizeof buffer);
    if (n <= 0) return false;
    begun.insert(begun.end(), buffer, buffer + n);
    while (begun.size() >= 8 && begun.size() >= length_of(begun.data())) {
      const std::size_t length = length_of(begun.data());
      change_message(begun.data(), length);
      if (!write_all(client, begun.data(), length)) return false;
      begun.erase(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(length));
    }
    return true;
  }

  static std::size_t length_of(const std::uint8_t* message) { return std::size_t{message[2]} << 8 | message[3]; }
  static bool write_all(int to, const std::uint8_t* bytes, std::size_t size) {
    while (size > 0) {
      const ssize_t n = ::send(to, bytes, size, MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes += n;
      size -= static_cast<std::size_t>(n);
    }
    return true;
  }

  void change_message(std::uint8_t* m, std::size_t size) {
    namespace w = oftwin::wire;
    if (m[1] == oftwin::OFPT_FLOW_REMOVED) change(m + w::flow_removed::match.offset);
    if (m[1] != oftwin::OFPT_STATS_REPLY || m[8] != 0 || m[9] != oftwin::OFPST_FLOW) return;
    for (std::size_t at = w::stats_msg::size; at < size; at += std::size_t{m[at]} << 8 | m[at + 1]) {
      change(m + at + w::flow_stats::match.offset);
    }
  }
  void change(std::uint8_t* match) {
    change_(match);
    ++changed_;
  }

  std::string path_, to_;
  Change change_;
  int listener_ = -1;
  std::atomic<bool> over_ = false;
  std::atomic<std::size_t> changed_ = 0;
  std::thread accepting_;
  std::vector<std::thread> pairs_;
};

std::uint32_t wildcards_of(const std::uint8_t* m) {
  return std::uint32_t{m[0]} << 24 | std::uint32_t{m[1]} << 16 | std::uint32_t{m[2]} << 8 | m[3];
}
void set_wildcards(std::uint8_t* m, std::uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) m[i] = static_cast<std::uint8_t>(value);
}
// Every count of `any` becomes `count`.
void spell_any(std::uint8_t* match, std::uint32_t any, std::uint32_t count) {
  std::uint32_t w = wildcards_of(match);
  for (const unsigned shift : {unsigned{oftwin::OFPFW_NW_SRC_SHIFT}, unsigned{oftwin::OFPFW_NW_DST_SHIFT}}) {
    if ((w >> shift & 63) == any) w = (w & ~(63u << shift)) | count << shift;
  }
  set_wildcards(match, w);
}

struct Judged {
  int code = -1;
  std::string output;
  std::size_t changed = 0;
};
Judged check(const Change& change) {
  Serving serving;
  const Between between(serving, change);
  Process process({OFTWIN_COMMAND, "check", "--subject", between.subject(), "--random", "12", "--seed", "3", "--out",
                   serving.folder() + "/out"},
                  serving.folder() + "/check");
  Judged out{process.stop(0), process.output(), between.changed()};
  serving.stop();
  return out;
}

TEST(LiveSpelling, any_address_may_be_spelled_with_every_count_from_32_on) {
  for (const std::uint32_t count : {33u, 63u}) {
    const Judged judged = check([&](std::uint8_t* match) { spell_any(match, 32, count); });
    EXPECT_EQ(judged.code, 0) << judged.output;
    EXPECT_GT(judged.changed, 10u);
  }
}

TEST(LiveSpelling, what_is_wildcarded_may_hold_anything) {
  const Judged judged = check([](std::uint8_t* match) {
    set_wildcards(match, wildcards_of(match) | 0xffc00000);
    if ((wildcards_of(match) & oftwin::OFPFW_IN_PORT) != 0) match[5] = 0x77;
    if ((wildcards_of(match) >> oftwin::OFPFW_NW_SRC_SHIFT & 63) >= 8) match[31] = 0x77;
  });
  EXPECT_EQ(judged.code, 0) << judged.output;
  EXPECT_GT(judged.changed, 10u);
}

TEST(LiveSpelling, an_address_that_is_asked_for_is_not_any) {
  const Judged judged = check([](std::uint8_t* match) { spell_any(match, 32, 31); });
  EXPECT_EQ(judged.code, 1) << judged.output;
  EXPECT_NE(judged.output.find("wildcards"), std::string::npos) << judged.output;
}

}  // namespace

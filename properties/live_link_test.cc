// One session with a live switch: who is silent is asked for a sign of life, and has gone if it gives none.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "harness/live/link.h"
#include "harness/request.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {
namespace {

using std::chrono::milliseconds;

net::Deadline in(std::uint64_t ms) { return net::Clock::now() + milliseconds(ms); }

// Says HELLO, and answers echo requests as long as it lives.
class SilentSwitch {
 public:
  explicit SilentSwitch(bool answers) : folder_(make_folder()), listener_(reactor_, endpoint("punix:")) {
    thread_ = std::thread([this, answers] { serve(answers); });
  }
  ~SilentSwitch() {
    over_ = true;
    thread_.join();
    std::filesystem::remove_all(folder_);
  }
  net::Endpoint endpoint(const std::string& kind) const { return net::parse_endpoint(kind + folder_ + "/switch"); }
  int asked() const { return asked_; }

 private:
  static std::string make_folder() {
    std::string name = std::filesystem::temp_directory_path() / "oftwin-link-XXXXXX";
    return ::mkdtemp(name.data());
  }
  void serve(bool answers) {
    const auto channel = listener_.accept(in(5000));
    if (!channel) return;
    channel->send(encode(request::Hello{}));
    while (!over_) {
      const auto message = channel->receive(in(10));
      if (!message || (*message)[1] != OFPT_ECHO_REQUEST) continue;
      ++asked_;
      Bytes answer(message->begin(), message->end());
      answer[1] = OFPT_ECHO_REPLY;
      if (answers) channel->send(answer);
    }
  }

  const std::string folder_;
  net::Reactor reactor_;
  net::Listener listener_;
  std::thread thread_;
  std::atomic<bool> over_{false};
  std::atomic<int> asked_{0};
};

TEST(LiveLink, ASwitchThatGivesNoSignOfLifeHasGone) {
  SilentSwitch silent(false);
  net::Reactor reactor;
  net::Meeting meeting(reactor, silent.endpoint("unix:"));
  Link link(meeting, in(5000), {300, 100});
  const auto begin = net::Clock::now();
  try {
    link.next(in(60'000));
    FAIL() << "nobody has noticed";
  } catch (const LinkError& e) {
    EXPECT_EQ(std::string(e.what()), "the switch has gone away: it has not answered an echo request for 300 ms");
  }
  EXPECT_GE(net::Clock::now() - begin, milliseconds(400));
  EXPECT_EQ(silent.asked(), 1);
}

TEST(LiveLink, ASwitchThatHasNothingToSayIsAskedAgainAndAgain) {
  SilentSwitch quiet(true);
  net::Reactor reactor;
  net::Meeting meeting(reactor, quiet.endpoint("unix:"));
  Link link(meeting, in(5000), {5000, 50});
  EXPECT_EQ(link.next(in(500)), std::nullopt) << "the answers are for the session itself";
  EXPECT_GE(quiet.asked(), 3);
}

}  // namespace
}  // namespace oftwin::harness::live

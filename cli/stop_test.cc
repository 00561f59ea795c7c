// Signals and death: whatever takes long stops when it is asked to, says what it has, has saved what it found, and
// leaves no process behind; killed, it leaves none either.
#include "cli/stop.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "cli/serving.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;

static_assert(kStopMs < 2000 && kChildStopMs < kStopMs);

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string broken(const std::string& name) { return "provider:" OFTWIN_EXAMPLES "/broken_" + name + ".so"; }
const std::string kCorrect = "provider:" OFTWIN_EXAMPLES "/provider_c.so";

class Stop : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("oftwin-stop-" + name);
    mark_ = "OFTWIN_STOP_TEST=" + name + "-" + std::to_string(getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    process_.reset();
    EXPECT_TRUE(wait_for([&] { return left_behind() == 0; })) << "processes are left behind";
    fs::remove_all(folder_);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), OFTWIN_COMMAND);
    process_ = std::make_unique<Process>(
        arguments, path("printed"),
        std::map<std::string, std::string>{{"OFTWIN_STOP_TEST", mark_.substr(mark_.find('=') + 1)}});
  }
  std::string printed() const { return slurp(path("printed")); }
  bool prints(const std::string& words) {
    return wait_for([&] { return printed().find(words) != std::string::npos || !process_->running(); }, 60) &&
           printed().find(words) != std::string::npos;
  }
  // Processes that the command has started, and itself: each has its environment.
  std::size_t left_behind() const {
    std::size_t n = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      n += slurp(entry.path() / "environ").find(mark_) != std::string::npos;
    }
    return n;
  }
  // The traces whose names begin so.
  std::vector<std::string> saved(const std::string& in, const std::string& beginning) const {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_ / in, error)) {
      const std::string name = entry.path().filename().string();  // one that is being written begins with a dot
      if (!name.starts_with('.') && name.starts_with(beginning)) out.push_back(entry.path().string());
    }
    return out;
  }
  // A trace with which a provider hangs that does so when it is flushed.
  std::string flush() {
    std::ofstream(path("flush.trace")) << "\nc1 flow_mod add actions=drop\n\nswitch flush\n";
    return path("flush.trace");
  }
  std::string script(const std::string& text) {
    std::ofstream(path("target")) << "#!/bin/sh\n" << text;
    chmod(path("target").c_str(), 0700);
    return path("target");
  }

  fs::path folder_;
  std::string mark_;  // in the environment
  std::unique_ptr<Process> process_;
};

TEST_F(Stop, each_signal_stops_a_check_with_exit_code_4) {
  for (const auto& [signal, name] : {std::pair(SIGTERM, "SIGTERM"), {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}}) {
    start({"check", "--random", "100000000", "--out", path("out"), "--json", path("result.json")});
    ASSERT_TRUE(wait_for([&] { return left_behind() == 2; }));
    EXPECT_EQ(process_->stop(signal), 4) << printed();
    EXPECT_NE(printed().find(std::string("ended early: it was asked to stop (") + name), std::string::npos)
        << printed();
    const bool compared = printed().find("all agree") != std::string::npos;
    EXPECT_TRUE(compared || printed().find("NOTHING WAS COMPARED") != std::string::npos) << printed();
    EXPECT_NE(slurp(path("result.json")).find("\"stopped\": true"), std::string::npos);
    EXPECT_EQ(left_behind(), 0u);
  }
}

// In the middle of a call that never returns.
TEST_F(Stop, a_provider_that_hangs_is_not_waited_for) {
  for (const std::string command : {"check", "minimize", "replay"}) {
    start({command, flush(), "--subject", broken("hangs")});
    ASSERT_TRUE(wait_for([&] { return left_behind() == 2; })) << printed();
    ::usleep(300'000);
    EXPECT_EQ(process_->stop(SIGTERM), 4) << command << printed();
    EXPECT_NE(printed().find("it was asked to stop (SIGTERM)"), std::string::npos) << printed();
    EXPECT_EQ(left_behind(), 0u);
  }
}

TEST_F(Stop, the_time_is_over_for_a_provider_that_hangs_too) {
  start({"check", "--subject", broken("hangs"), "--time", "1", "--call", "3600", "--out", path("out")});
  EXPECT_NE(process_->stop(0), -1) << printed();
  EXPECT_NE(printed().find("its 1 s were over"), std::string::npos) << printed();
}

TEST_F(Stop, what_is_found_is_said_and_saved_before_it_is_made_small) {
  start({"check", "--subject", broken("forgets_the_priority"), "--random", "100000", "--out", path("out")});
  ASSERT_TRUE(prints("found: ")) << printed();
  ASSERT_EQ(saved("out", "diverged").size(), 1u) << printed();
  EXPECT_NE(slurp(saved("out", "diverged")[0]).find("flow_mod"), std::string::npos);
  EXPECT_EQ(process_->stop(SIGTERM), 1) << printed();
  EXPECT_NE(printed().find("did not agree"), std::string::npos) << printed();
}

TEST_F(Stop, killed_it_has_saved_what_it_found_and_its_children_and_theirs_go_with_it) {
  start({"check", "--subject", broken("forgets_the_priority"), "--random", "100000", "--out", path("out")});
  ASSERT_TRUE(prints("found: ")) << printed();
  EXPECT_EQ(process_->stop(SIGKILL), -1);
  EXPECT_TRUE(wait_for([&] { return left_behind() == 0; }));
  EXPECT_EQ(saved("out", "diverged").size(), 1u);
}

TEST_F(Stop, a_campaign_against_a_provider_keeps_its_corpus_as_it_goes) {
  start({"fuzz", "--subject", kCorrect, "--runs", "100000000", "--time", "0", "--seed", "1", "--out", path("out")});
  ASSERT_TRUE(wait_for([&] { return saved("out/corpus", "").size() > 20; }, 60)) << printed();
  EXPECT_EQ(process_->stop(SIGKILL), -1);
  const std::size_t kept = saved("out/corpus", "").size();
  start({"fuzz", "--subject", kCorrect, "--runs", "100000000", "--time", "0", "--seed", "2", "--out", path("out")});
  ASSERT_TRUE(prints("from " + std::to_string(kept) + " seeds")) << printed();
  EXPECT_EQ(process_->stop(SIGINT), 4) << printed();
  EXPECT_NE(printed().find("traces kept"), std::string::npos) << printed();
}

TEST_F(Stop, jobs_of_a_campaign_end_with_it) {
  const std::string target = script("trap '' INT TERM HUP\nwhile :; do sleep 60; done\n");
  const std::vector<std::string> fuzz = {"fuzz", "--target", target, "--jobs", "2", "--out", path("out")};
  start(fuzz);
  ASSERT_TRUE(wait_for([&] { return left_behind() == 5; })) << "two jobs, each with a child of its own";
  EXPECT_EQ(process_->stop(SIGTERM), 4) << printed();
  EXPECT_NE(printed().find("Ended early: it was asked to stop (SIGTERM)"), std::string::npos) << printed();
  EXPECT_EQ(left_behind(), 0u);
}

TEST_F(Stop, killed_a_campaign_takes_its_jobs_with_it) {
  start({"fuzz", "--target", script("exec sleep 600\n"), "--jobs", "2", "--out", path("out")});
  ASSERT_TRUE(wait_for([&] { return left_behind() == 3; }));
  EXPECT_EQ(process_->stop(SIGKILL), -1);
}

TEST_F(Stop, what_a_job_has_found_is_told_at_once_and_counts) {
  start({"fuzz", "--target", script("echo > $OFTWIN_FINDINGS/found-1.trace\nexec sleep 600\n"), "--out", path("out")});
  ASSERT_TRUE(prints("found-1.trace")) << printed();
  EXPECT_EQ(process_->stop(SIGTERM), 1) << printed();
  EXPECT_NE(printed().find("found-1.trace is as it was found"), std::string::npos) << printed();
}

TEST_F(Stop, a_campaign_ends_with_its_time_whatever_its_jobs_do) {
  const std::string target = script("trap '' INT TERM HUP\nwhile :; do sleep 60; done\n");
  start({"fuzz", "--target", target, "--time", "1", "--out", path("out")});
  EXPECT_EQ(process_->stop(0), 0) << printed();
}

TEST_F(Stop, exploration_says_how_far_it_is) {
  start({"explore", "--rules", "4", "--out", path("out")});
  ::usleep(500'000);
  EXPECT_EQ(process_->stop(SIGTERM), 4) << printed();
  EXPECT_NE(printed().find("stopped because somebody asked for it"), std::string::npos) << printed();
  start({"explore", "--refine", "100000000"});
  ::usleep(500'000);
  EXPECT_EQ(process_->stop(SIGINT), 4) << printed();
  EXPECT_NE(printed().find("what lies beyond was not tried"), std::string::npos) << printed();
}

TEST_F(Stop, proofs_say_what_they_have) {
  start({"prove", "--all"});
  ASSERT_TRUE(prints("proved ")) << printed();
  EXPECT_EQ(process_->stop(SIGTERM), 4) << printed();
  EXPECT_NE(printed().find("theorems proved"), std::string::npos) << printed();
  EXPECT_NE(printed().find("what is left was not decided"), std::string::npos) << printed();
}

TEST_F(Stop, coverage_says_what_it_has_seen) {
  start({"coverage", "--random", "1000000000"});
  ::usleep(300'000);
  EXPECT_EQ(process_->stop(SIGTERM), 4) << printed();
  EXPECT_NE(printed().find("words"), std::string::npos) << printed();
}

TEST_F(Stop, a_live_switch_that_does_not_come_is_not_waited_for) {
  const std::uint16_t port = free_port();
  start({"check", "--subject", "ptcp:" + std::to_string(port), "--random", "10", "--answer", "3600", "--out",
         path("out")});
  ::usleep(300'000);
  EXPECT_EQ(process_->stop(SIGTERM), 4) << printed();
  EXPECT_NE(printed().find("ended early: it was asked to stop"), std::string::npos) << printed();
}

TEST_F(Stop, a_live_check_stops_while_it_makes_small_what_it_found) {
  Serving serving({"--subject", broken("forgets_the_priority")});
  start({"check", "--subject", serving.tcp(), "--random", "100000", "--out", path("out")});
  ASSERT_TRUE(prints("found: ")) << printed();
  ASSERT_FALSE(saved("out", "differs").empty()) << printed();
  EXPECT_EQ(process_->stop(SIGTERM), 1) << printed();
  EXPECT_NE(printed().find("DIVERGED"), std::string::npos) << printed();
  serving.stop_anyhow();
}

}  // namespace
}  // namespace oftwin::cli

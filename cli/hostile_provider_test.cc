// Providers that do what no provider should (examples/hostile/): the check says truly what it was, keeps to its time,
// its output stays its own, and no process is left.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/bounded.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;

class HostileProvider : public testing::Test {
 protected:
  void SetUp() override {
    out_ = fs::temp_directory_path() / fmt::format("oftwin-hostile-provider-{}", getpid());
    fs::create_directories(out_);
  }
  void TearDown() override { fs::remove_all(out_); }

  Ended check(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> line = {
        "check", "--subject", "provider:" OFTWIN_HOSTILE "/hostile_" + name, "--out", out_.string(), "--time", "4"};
    for (const auto& [option, value] : {std::pair("--call", "1"), {"--random", "2"}}) {
      if (std::find(more.begin(), more.end(), option) == more.end()) line.insert(line.end(), {option, value});
    }
    line.insert(line.end(), more.begin(), more.end());
    const Ended ended = run_bounded(line, {60, 4000});
    EXPECT_TRUE(ended.in_time);
    EXPECT_FALSE(ended.left_some);
    EXPECT_EQ(obeyed_in(ended.out), "");
    EXPECT_EQ(obeyed_in(ended.err), "");
    return ended;
  }
  // It is lost, and what is said of it begins so.
  void lost(const std::string& name, const std::string& how) const {
    const Ended ended = check(name);
    EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("The subject was lost: " + how), std::string::npos) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("PROV-13"), std::string::npos) << ended.out;
  }

  fs::path out_;
};

TEST_F(HostileProvider, what_it_prints_is_no_part_of_the_results) {
  const Ended ended = check("prints.so", {"--json", "-"});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  const auto json = nlohmann::json::parse(ended.out, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << ended.out;
  EXPECT_EQ(json["agreed"], 2);
}

TEST_F(HostileProvider, one_that_prints_without_end_is_ended_in_bounded_memory) {
  const Ended ended = check("floods.so", {"--random", "1", "--json", "-"});
  EXPECT_EQ(ended.code, 3) << ended.err;
  EXPECT_FALSE(nlohmann::json::parse(ended.out, nullptr, false).is_discarded()) << ended.out.substr(0, 2000);
  EXPECT_LT(ended.out.size(), 200000u);
}

TEST_F(HostileProvider, descriptors_that_it_writes_to_or_closes_are_not_those_of_the_check) {
  for (const char* name : {"writes_to_descriptors.so", "closes_descriptors.so"}) {
    const Ended ended = check(name);
    EXPECT_TRUE(ended.code == 0 || ended.code == 3) << ended.out << ended.err;
    EXPECT_EQ((ended.out + ended.err).find("json"), std::string::npos) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("not its own"), std::string::npos) << ended.out << ended.err;
  }
}

TEST_F(HostileProvider, a_fork_that_comes_back_is_told) {
  lost("forks_and_returns.so", "it forked, and both processes came back");
}

TEST_F(HostileProvider, processes_that_live_on_are_told_and_ended) {
  const Ended ended = check("lives_on.so");
  EXPECT_NE(ended.out.find("process"), std::string::npos) << ended.out << ended.err;
  EXPECT_TRUE(ended.out.find("processes behind; they were ended") != std::string::npos ||
              ended.out.find("processes that live on") != std::string::npos)
      << ended.out << ended.err;
}

TEST_F(HostileProvider, one_that_polls_without_end_is_computing) {
  lost("spins.so", "it did not return within 1 s (it was computing) and was ended, in rule_construct()");
}

TEST_F(HostileProvider, one_that_waits_for_ever_is_waiting) {
  lost("waits.so", "it did not return within 1 s (it was waiting) and was ended, in rule_construct()");
}

TEST_F(HostileProvider, an_exception_is_named_with_what_it_says_and_where) {
  lost("throws.so", "an exception left it: std::runtime_error: no \\{1b}[31mspace, in rule_construct()");
}

TEST_F(HostileProvider, one_that_exits_is_told_with_the_call) {
  lost("exits.so", "it exited with code 0, in rule_construct()");
}

// Also while a trace is driven again and again to look for memory that is not given back.
TEST_F(HostileProvider, a_breach_counts_whenever_it_happens) {
  // In a build with a sanitizer nothing is repeated.
  const std::vector<std::string> early = {"foreign3", "late3"},
                                 all = {"foreign3", "foreign40", "foreign1000", "double40",
                                        "late3",    "late40",    "late1000"};
  for (const std::string& when : is_sanitized() ? early : all) {
    const Ended ended = check("breaks_once.so," + when, {"--call", "10", "--random", "40"});
    EXPECT_EQ(ended.code, 1) << when << "\n" << ended.out << ended.err;
    // Which clause it is depends on what became of that operation: a late one may be one that was refused.
    EXPECT_NE(ended.out.find("\nPROV-"), std::string::npos) << when << "\n" << ended.out;
  }
}

// What it does again, to be looked at closer, is not counted.
TEST_F(HostileProvider, operations_are_counted_once) {
  const auto counts = [&](const std::vector<std::string>& more) {
    std::vector<std::string> line = {"check",    "--subject", "provider:" OFTWIN_EXAMPLES "/provider_c.so",
                                     "--random", "3",         "--json",
                                     "-",        "--out",     out_.string()};
    line.insert(line.end(), more.begin(), more.end());
    const Ended ended = run_bounded(line);
    const auto json = nlohmann::json::parse(ended.out, nullptr, false);
    return json["inputs"][0]["conduct"].dump();
  };
  EXPECT_EQ(counts({}), counts({"--in-process"}));
  const auto once = nlohmann::json::parse(counts({}));
  EXPECT_LT(once["at_once"].get<int>() + once["late"].get<int>(), 200) << once;
}

}  // namespace
}  // namespace oftwin::cli

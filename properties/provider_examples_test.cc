// The providers of examples/, checked by the command as a user would: the correct one agrees, and of each broken one
// the check names the clause that it breaks, ends with the right code and leaves a trace that shows it again.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr int kDiverged = 1, kUnusable = 2, kLost = 3;

struct Ran {
  int code = -1;
  std::string output;
};

Ran run(const std::string& arguments) {
  Ran ran;
  FILE* pipe = popen((std::string(OFTWIN_COMMAND) + " " + arguments + " 2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) ran.output.append(buffer, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

std::string subject(const std::string& name) { return "--subject provider:" OFTWIN_EXAMPLES "/" + name + ".so"; }

// The clauses whose sentences a report shows.
std::set<std::string> clauses_named(const std::string& output) {
  static const std::regex heading("(^|\n)([A-Z]+-[0-9]+) [A-Z]");
  std::set<std::string> out;
  for (std::sregex_iterator at(output.begin(), output.end(), heading), end; at != end; ++at) out.insert((*at)[2]);
  return out;
}

class BrokenProvider : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              (std::string("oftwin-provider-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Also: of the contract's clauses only this one; and what was saved, replayed, ends in the same way.
  void names(const std::string& provider, const std::string& clause, int code,
             const std::string& traces = "--random 60") {
    const std::string who = subject("broken_" + provider);
    const Ran ran = run("check " + who + " --out " + folder_.string() + " " + traces);
    EXPECT_EQ(ran.code, code) << ran.output;
    const std::set<std::string> named = clauses_named(ran.output);
    EXPECT_TRUE(named.contains(clause)) << ran.output;
    for (const std::string& other : named) {
      EXPECT_TRUE(other == clause || !other.starts_with("PROV-")) << other << "\n" << ran.output;
    }
    ASSERT_TRUE(fs::exists(folder_)) << ran.output;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (provider.starts_with("leaks") || provider == "hangs")
        return;  // one run does not show it; ten seconds show it
      EXPECT_EQ(run("replay " + who + " " + entry.path().string()).code, code) << entry.path();
      return;
    }
    ADD_FAILURE() << "no trace was saved\n" << ran.output;
  }

  fs::path folder_;
};

TEST_F(BrokenProvider, PROV_1_completes_twice) { names("completes_twice", "PROV-1", kDiverged); }
TEST_F(BrokenProvider, PROV_2_never_completes) { names("never_completes", "PROV-2", kDiverged); }
TEST_F(BrokenProvider, PROV_3_refuses_and_completes) { names("refuses_and_completes", "PROV-3", kDiverged); }
TEST_F(BrokenProvider, PROV_4_fails_a_removal) { names("fails_a_removal", "PROV-4", kDiverged); }
TEST_F(BrokenProvider, PROV_5_leaves_operations_open) { names("leaves_operations_open", "PROV-5", kDiverged); }
TEST_F(BrokenProvider, PROV_6_completes_after_the_end) { names("completes_after_the_end", "PROV-6", kDiverged); }
TEST_F(BrokenProvider, PROV_7_writes_into_the_base) { names("writes_into_the_base", "PROV-7", kDiverged); }
TEST_F(BrokenProvider, PROV_8_keeps_the_victim) { names("keeps_the_victim", "PROV-8", kLost); }
TEST_F(BrokenProvider, PROV_9_packet_in_from_statistics) { names("packet_in_from_statistics", "PROV-9", kDiverged); }
TEST_F(BrokenProvider, PROV_10_expires_in_flux) { names("expires_in_flux", "PROV-10", kDiverged, "--random 300"); }
TEST_F(BrokenProvider, PROV_11_hands_out_a_handle_twice) { names("hands_out_a_handle_twice", "PROV-11", kDiverged); }
TEST_F(BrokenProvider, PROV_12_leaks) {
  if (kSanitized) GTEST_SKIP() << "the sanitizer's malloc does not say how much is in use";
  names("leaks", "PROV-12", kDiverged);
}
TEST_F(BrokenProvider, PROV_12_leaks_pages) {
  if (kSanitized) GTEST_SKIP() << "nor is the size of such a process the provider's";
  names("leaks_pages", "PROV-12", kDiverged, "--random 10");
}
TEST_F(BrokenProvider, PROV_13_crashes_on_a_long_list) { names("crashes_on_a_long_list", "PROV-13", kLost); }
TEST_F(BrokenProvider, PROV_13_hangs) { names("hangs", "PROV-13", kLost, "--random 1 --call 1"); }
TEST_F(BrokenProvider, PROV_13_eats_memory) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs more address space than any limit would leave";
  names("eats_memory", "PROV-13", kLost, "--random 12 --memory 64");
}
TEST_F(BrokenProvider, PROV_14_sleeps) { names("sleeps", "PROV-14", kDiverged); }
TEST_F(BrokenProvider, PROV_14_oversleeps) { names("oversleeps", "PROV-14", kDiverged, "--random 200"); }
TEST_F(BrokenProvider, DP_1_mixes_up_masks) { names("mixes_up_masks", "DP-1", kDiverged, "--random 100"); }
TEST_F(BrokenProvider, DP_1_forgets_the_priority) { names("forgets_the_priority", "DP-1", kDiverged, "--random 100"); }
TEST_F(BrokenProvider, DP_4_does_not_count) { names("does_not_count", "DP-4", kDiverged, "--random 40"); }
TEST_F(BrokenProvider, EXP_4_idle_from_the_beginning) {
  names("idle_from_the_beginning", "EXP-4", kDiverged, "--random 200");
}

// To the byte, and to the line.
TEST(ProviderCampaign, a_leak_is_told_with_its_place) {
  if (kSanitized) GTEST_SKIP() << "the sanitizer has malloc for itself";
  const fs::path folder = fs::temp_directory_path() / "oftwin-provider-leak";
  const Ran ran = run("check " + subject("broken_leaks") + " --random 20 --out " + folder.string());
  EXPECT_EQ(ran.code, kDiverged);
  std::smatch m;
  ASSERT_TRUE(std::regex_search(ran.output, m,
                                std::regex("([0-9]+) bytes in 1 blocks that were allocated and not freed:\n"
                                           "    ([0-9]+) bytes in 1 blocks, allocated in rule_construct\\(\\), .+\n")))
      << ran.output;
  EXPECT_EQ(m[1], m[2]);
  fs::remove_all(folder);
}

// What is lost costs the trace that it was lost with, and no other.
TEST(ProviderCampaign, goes_on_after_a_loss) {
  const fs::path folder = fs::temp_directory_path() / "oftwin-provider-goes-on";
  const Ran ran = run("check " + subject("broken_crashes_on_a_long_list") + " --random 80 --out " + folder.string());
  EXPECT_EQ(ran.code, kLost);
  EXPECT_EQ(ran.output.find("given up"), std::string::npos) << ran.output;
  std::smatch m;
  ASSERT_TRUE(std::regex_search(ran.output, m, std::regex("count 80: ([0-9]+) agreed"))) << ran.output;
  const int agreed = std::stoi(m[1]);
  ASSERT_TRUE(std::regex_search(ran.output, m, std::regex("the first of ([0-9]+) losses"))) << ran.output;
  EXPECT_EQ(agreed + std::stoi(m[1]), 80) << ran.output;
  fs::remove_all(folder);
}

TEST(ProviderCampaign, the_correct_provider_agrees_also_when_it_is_late) {
  for (const char* options : {"", ",late"}) {
    const Ran ran = run("check " + subject("provider_c") + options + " --random 1000 --seed 7");
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_NE(ran.output.find("1,000 agreed"), std::string::npos) << ran.output;
    EXPECT_NE(ran.output.find("with a test door"), std::string::npos) << ran.output;
  }
}

// Files of every kind: traces, what only the model can judge, other people's recordings, sessions.
TEST(ProviderCampaign, the_correct_provider_agrees_with_the_corpus) {
  const Ran ran = run("check " + subject("provider_c") + " " OFTWIN_SOURCE_DIR "/corpus");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("all agree"), std::string::npos) << ran.output;
}

// Only its flow table is judged, and the report says so.
TEST(ProviderCampaign, a_provider_of_an_older_minor_version_agrees) {
  const Ran ran = run("check " + subject("provider_older") + " --random 1000 --seed 7");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("provider.h 1.1, without a test door"), std::string::npos) << ran.output;
}

// An add for which it has no memory is refused, and nothing has changed (ADD-10).
TEST(ProviderCampaign, a_provider_that_runs_out_of_memory_agrees) {
  for (const char* options : {"", ",late"}) {
    const Ran ran = run("check " + subject("provider_small") + options + " --random 1000 --seed 7 --verdict -");
    EXPECT_EQ(ran.code, 0) << ran.output;
    std::smatch m;
    ASSERT_TRUE(std::regex_search(ran.output, m, std::regex("([0-9,]+) rules not allocated"))) << ran.output;
    EXPECT_GT(m.str(1).size(), 3u) << "more than 999";
    EXPECT_EQ(ran.output.find("ADD-10"), std::string::npos) << "it passed, and only what did not is listed";
  }
}

// The poll loop is of the switch above it.
TEST(ProviderCampaign, clauses_of_the_poll_loop_are_not_laid_to_a_provider) {
  const Ran ran = run("check " + subject("provider_c") + " --random 50 --verdict -");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("not applicable: the poll loop above a provider is not its own\n    LOOP-1 LOOP-2 LOOP-3 "
                            "LOOP-4\n"),
            std::string::npos)
      << ran.output;
  EXPECT_EQ(run("check --random 50 --verdict -").output.find("LOOP-"), std::string::npos) << "the built-in one's is";
}

TEST(ProviderCampaign, the_simple_provider_agrees) {
  const Ran ran = run("check " + subject("provider_simple") + " --random 1000 --seed 7");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("1,000 agreed"), std::string::npos) << ran.output;
}

// Its operations are always late.
TEST(ProviderCampaign, the_provider_in_rust_agrees) {
  if (!fs::exists(OFTWIN_EXAMPLES "/provider_rust.so")) GTEST_SKIP() << "there was no rustc to build it with";
  const Ran ran = run("check " + subject("provider_rust") + " --random 1000 --seed 7");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("1,000 agreed"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find(" 0 done at once"), std::string::npos) << ran.output;
}

// What oftwin fuzz leaves behind: file by file.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[fs::relative(entry.path(), folder)].assign(std::istreambuf_iterator<char>(in), {});
  }
  return out;
}

TEST(ProviderFuzz, the_same_seed_leaves_the_same_files) {
  const fs::path folder = fs::temp_directory_path() / "oftwin-provider-fuzz-same";
  fs::remove_all(folder);
  std::map<std::string, std::string> left[2];
  for (const std::string i : {"0", "1"}) {
    const Ran ran =
        run("fuzz " + subject("provider_c") + ",late --seed 3 --runs 700 --time 0 --out " + (folder / i).string());
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_NE(ran.output.find("700 agreed"), std::string::npos) << ran.output;
    EXPECT_NE(ran.output.find("a second; the built-in switch"), std::string::npos) << ran.output;
    left[i == "1"] = contents(folder / i);
  }
  EXPECT_GT(left[0].size(), 50u) << "traces that were kept";
  EXPECT_EQ(left[0], left[1]);
  fs::remove_all(folder);
}

// Crashes, breaches and differences, each made small; what is lost does not end the campaign.
TEST(ProviderFuzz, what_is_broken_is_found_and_the_campaign_goes_on) {
  const fs::path folder = fs::temp_directory_path() / "oftwin-provider-fuzz-broken";
  const auto fuzzed = [&](const std::string& name, int code, const std::string& clause) {
    fs::remove_all(folder);
    const Ran ran = run("fuzz " + subject("broken_" + name) + " --seed 1 --runs 60 --time 0 --out " + folder.string());
    EXPECT_EQ(ran.code, code) << ran.output;
    EXPECT_TRUE(clauses_named(ran.output).contains(clause)) << ran.output;
    EXPECT_EQ(ran.output.find("given up"), std::string::npos) << ran.output;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_directory()) continue;
      EXPECT_EQ(run("replay " + subject("broken_" + name) + " " + entry.path().string()).code, code) << entry.path();
      return ran.output;
    }
    ADD_FAILURE() << "no trace was saved\n" << ran.output;
    return ran.output;
  };
  fuzzed("mixes_up_masks", kDiverged, "DP-1");
  fuzzed("fails_a_removal", kDiverged, "PROV-4");
  const std::string output = fuzzed("crashes_on_a_long_list", kLost, "PROV-13");
  std::smatch m;
  ASSERT_TRUE(std::regex_search(output, m, std::regex("count 60: ([0-9]+) agreed"))) << output;
  const int agreed = std::stoi(m[1]);
  ASSERT_TRUE(std::regex_search(output, m, std::regex("the first of ([0-9]+) losses"))) << output;
  EXPECT_EQ(agreed + std::stoi(m[1]), 60) << output;
  fs::remove_all(folder);
}

TEST(ProviderFuzz, wrong_flags_are_told) {
  EXPECT_EQ(run("fuzz " + subject("provider_c") + " --time 0").code, kUnusable);
  EXPECT_EQ(run("fuzz " + subject("provider_c") + " --jobs 2").code, kUnusable);
  EXPECT_EQ(run("fuzz " + subject("provider_c") + " --corpus /there/is/none").code, kUnusable);
  EXPECT_EQ(run("fuzz --subject tcp:127.0.0.1:1").code, kUnusable);
}

TEST(ProviderCampaign, what_is_no_provider_is_refused_with_words) {
  const Ran none = run("check --random 1 --subject provider:/there/is/none.so");
  EXPECT_EQ(none.code, kUnusable);
  EXPECT_NE(none.output.find("/there/is/none.so"), std::string::npos) << none.output;
  const Ran other = run("check --random 1 --subject provider:/lib/x86_64-linux-gnu/libm.so.6");
  EXPECT_EQ(other.code, kUnusable);
  EXPECT_NE(other.output.find("no oft_provider_get()"), std::string::npos) << other.output;
}

}  // namespace

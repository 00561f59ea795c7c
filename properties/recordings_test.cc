// The model in edition ovs-2011 against every recording of the original, theme by theme; and what the reader says
// about recordings that are broken.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "harness/recording.h"
#include "harness/replay.h"
#include "harness/replay_subject.h"
#include "harness/report.h"
#include "harness/subject/builtin.h"

namespace oftwin::harness {
namespace {

const std::filesystem::path kRecordings = OFTWIN_SOURCE_DIR "/corpus/recordings";

std::vector<std::string> themes() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kRecordings)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(".jsonl.gz")) names.push_back(file.substr(0, file.size() - 9));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Recordings : public testing::TestWithParam<std::string> {};

TEST_P(Recordings, model_does_what_the_original_did) {
  int shown = 0;
  const auto counts = replay_all((kRecordings / (GetParam() + ".jsonl.gz")).string(),
                                 [&](const Recording& r, const ReplayResult& result) {
                                   if (result.verdict != ReplayVerdict::diverged || ++shown > 3) return;
                                   ADD_FAILURE() << r.id << ", step " << result.step << ": " << result.dump_difference
                                                 << (result.divergence ? print_difference(*result.divergence) : "");
                                 });
  std::fputs(print_counts(counts).c_str(), stdout);
  std::uint64_t diverged = 0, scenarios = 0;
  for (const auto& [theme, count] : counts) {
    diverged += count.diverged;
    scenarios += count.in + count.outside;
  }
  EXPECT_EQ(diverged, 0u);
  EXPECT_GT(scenarios, 0u);
}

INSTANTIATE_TEST_SUITE_P(themes, Recordings, testing::ValuesIn(themes()),
                         [](const testing::TestParamInfo<std::string>& p) { return p.param; });

// The optimized switch does what was recorded wherever no erratum is involved (replay_subject.h says how that is told).
TEST_P(Recordings, impl_does_what_was_recorded_where_no_erratum_is_involved) {
  AnswerBook answers;
  const auto subject = make_builtin_subject([&](const Observation& asked) { return answers.answer(asked); });
  SubjectReplayCounts counts;
  read_recordings((kRecordings / (GetParam() + ".jsonl.gz")).string(), [&](const Recording& recording) {
    const SubjectReplay result = replay_subject(recording, *subject, answers);
    counts.add(result);
    if (result.divergence && counts.ends[ReplayEnd::diverged] <= 3) {
      ADD_FAILURE() << recording.id << "\n"
                    << print_difference(*result.divergence, recording.events)
                    << print_clauses(recording.config, *result.divergence);
    }
    return true;
  });
  std::printf("%s: %s\n", GetParam().c_str(), counts.print().c_str());
  EXPECT_EQ(counts.ends[ReplayEnd::diverged], 0u);
  EXPECT_GT(counts.compared, 0u);
}

// A recording whose outputs were tampered with must not agree.
TEST(recordings, tampered_recording_diverges) {
  int tampered = 0, noticed = 0;
  read_recordings((kRecordings / "basic.jsonl.gz").string(), [&](const Recording& original) {
    Recording r = original;
    for (auto& outputs : r.outputs) {
      const auto send = std::find_if(outputs.begin(), outputs.end(),
                                     [](const Observation& o) { return std::holds_alternative<observation::Send>(o); });
      if (send == outputs.end()) continue;
      std::get<observation::Send>(*send).bytes.back() ^= 1;
      break;
    }
    ++tampered;
    noticed += replay(r).verdict == ReplayVerdict::diverged;
    return tampered < 20;
  });
  EXPECT_EQ(noticed, tampered);
}

class BrokenRecording : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    // The reader takes plain text as well.
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto path = std::filesystem::temp_directory_path() / ("oftwin_broken_recording_" + test + ".jsonl");
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::string error_of(const std::string& path) {
    try {
      read_recordings(path, [](const Recording&) { return true; });
    } catch (const RecordingError& e) { return e.what(); }
    return "";
  }
};

TEST_F(BrokenRecording, missing_file_is_named) {
  EXPECT_EQ(error_of("/nowhere.gz"), "/nowhere.gz: No such file or directory");
}

TEST_F(BrokenRecording, empty_file_is_an_error) {
  const std::string path = write("");
  EXPECT_EQ(error_of(path), path + ": holds no recording");
}

TEST_F(BrokenRecording, line_and_byte_of_broken_json_are_named) {
  const std::string path = write("{\"id\":\n");
  EXPECT_EQ(error_of(path), path + ":1: byte 7: no JSON");
}

TEST_F(BrokenRecording, step_of_a_wrong_value_is_named) {
  const std::string head = R"({"id":"x-1","theme":"x","end":"ok","final":null,"config":{"tables":1,"ports":[],)"
                           R"("connections":[{"name":"c1","kind":"primary"}],"datapath_id":"01","clock_ms":0,)"
                           R"("features_reply":"0106002000000000000000000000000100000100010000000000008700000fff"},)";
  const std::string path = write(head + R"("steps":[{"in":{"k":"run"},"n":1,"out":[]},)"
                                        R"({"in":{"k":"policy","what":"all","v":"perhaps"},"n":0,"out":[]}]})");
  EXPECT_EQ(error_of(path), path + ":1: step 1: 'perhaps' is no provider answer");
}

TEST_F(BrokenRecording, truncated_file_is_an_error) {
  const std::string whole = (kRecordings / "basic.jsonl.gz").string(), part = write("");
  std::ifstream in(whole, std::ios::binary);
  std::string bytes(20000, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::ofstream(part, std::ios::binary) << bytes;
  EXPECT_NE(error_of(part).find("unexpected end of file"), std::string::npos);
}

}  // namespace
}  // namespace oftwin::harness

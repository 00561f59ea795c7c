// Recorded packets of a real switch: the model and the built-in switch did the same, or a label says why not.
#include "harness/packets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "harness/recording.h"
#include "harness/subject/builtin.h"

namespace oftwin::harness {
namespace {

const std::string kFolder = OFTWIN_SOURCE_DIR "/corpus/recordings/packets/";

PacketsReport check(const std::string& theme) {
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  PacketsReport report = check_packets(kFolder + "packets-" + theme + ".jsonl.gz", *subject);
  std::cout << report.summary();
  return report;
}

TEST(Packets, EveryOpenFlow10MatchMeetsTheRecordedRule) {
  const PacketsReport report = check("match10");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.frames, 3621u);
  EXPECT_EQ(report.outside, 0u);
}

TEST(Packets, EveryOpenFlow10ActionDoesToTheFrameWhatWasRecorded) {
  const PacketsReport report = check("actions10");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.frames, 3471u);
  EXPECT_EQ(report.outside, 0u);
}

TEST(Packets, OddFramesAreReadAsRecordedWhereOpenFlow10CanTell) {
  const PacketsReport report = check("parse");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.scenarios - report.outside, 76u);
}

TEST(Packets, AFileThatIsNoRecordingIsRefusedWithItsLine) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "oftwin-packets";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "differences.txt") << "# none\n";
  std::ofstream(folder / "broken.jsonl") << "{\"id\":\"x\",\"theme\":\"match10\"}\n";
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  try {
    check_packets((folder / "broken.jsonl").string(), *subject);
    FAIL() << "was read";
  } catch (const RecordingError& e) {
    EXPECT_NE(std::string(e.what()).find("broken.jsonl:1:"), std::string::npos) << e.what();
  }
}

// The judge itself: a recording in which one byte of one packet-in is changed is not explained away.
TEST(Packets, OneChangedByteInARecordedFrameIsFound) {
  const Bytes frame = {2,  0, 0, 0, 0, 1,  2, 0, 0, 0,  0, 2, 0x08, 0x00, 0x45, 0, 0,
                       20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1,    10,   0,    0, 2};
  PacketRule all;
  all.actions = {0, 7, 0, 8, 10, 0, 0, 9, 0, 0, 0, 8, 0xff, 0xfd, 0, 0};  // set_nw_dst, output to the controller
  const PacketPrediction law = predict({all}, 1, frame, {});
  ASSERT_EQ(law.frames.size(), 1u);
  EXPECT_TRUE(equal_but_open(law.frames[0], law.frames[0], law.open));
  for (std::size_t i = 0; i < law.frames[0].size(); ++i) {
    Bytes changed = law.frames[0];
    changed[i] ^= 1;
    EXPECT_FALSE(equal_but_open(law.frames[0], changed, law.open)) << "byte " << i;
  }
}

}  // namespace
}  // namespace oftwin::harness

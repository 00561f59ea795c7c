// Recorded packets of a real switch: the model and the built-in switch did the same, or a label says why not.
#include "harness/packets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>

#include "harness/packets_prediction.h"
#include "harness/packets_registers.h"
#include "harness/recording.h"
#include "harness/subject/builtin.h"

namespace oftwin::harness {
namespace {

const std::string kFolder = OFTWIN_SOURCE_DIR "/corpus/recordings/packets/";

PacketsReport check(const std::string& theme) {
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  PacketsReport report = check_packets(kFolder + "packets-" + theme + ".jsonl.gz", *subject);
  std::cout << report.summary();
  EXPECT_TRUE(report.ok());
  for (const std::string& stale : report.stale) ADD_FAILURE() << theme << ": " << stale;
  return report;
}

TEST(Packets, EveryOpenFlow10MatchMeetsTheRecordedRule) {
  const PacketsReport report = check("match10");
  EXPECT_EQ(report.frames, 3621u);
}

TEST(Packets, EveryOpenFlow10ActionDoesToTheFrameWhatWasRecorded) {
  const PacketsReport report = check("actions10");
  EXPECT_EQ(report.frames, 3471u);
}

TEST(Packets, ExtendedMatchesAndNicirasActionsDoWhatWasRecorded) {
  const PacketsReport report = check("nx");
  EXPECT_EQ(report.frames, 3329u);
}

TEST(Packets, OddFramesAreReadAsRecorded) {
  const PacketsReport report = check("parse");
  EXPECT_EQ(report.frames, 6442u);
}

TEST(Packets, WrongListsAreRefusedAndWritesThat2011DidNotKnowDoWhatWasRecorded) {
  const PacketsReport report = check("errors");
  EXPECT_EQ(report.frames, 1920u);
}

TEST(Packets, AFileThatIsNoRecordingIsRefusedWithItsLine) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "oftwin-packets";
  std::filesystem::create_directories(folder);
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  for (const char* line :
       {R"({"id":"x","theme":"match10"})",
        R"({"id":"x","theme":"nx","rules":["010400"],"rule_results":["ok"],"packets":[],"final_flows":""})"}) {
    std::ofstream(folder / "broken.jsonl") << line << "\n";
    try {
      check_packets((folder / "broken.jsonl").string(), *subject);
      ADD_FAILURE() << "was read: " << line;
    } catch (const RecordingError& e) {
      EXPECT_NE(std::string(e.what()).find("broken.jsonl:1:"), std::string::npos) << e.what();
    }
  }
}

// The judge itself: whatever is changed in a recording is found, and nothing explains it away.
std::uint64_t failures_after(const std::function<void(PacketScenario&)>& change, const std::string& theme = "actions10",
                             std::size_t changed = 3) {
  std::vector<PacketScenario> scenarios;
  read_packet_scenarios(kFolder + "packets-" + theme + ".jsonl.gz", [&](const PacketScenario& s) {
    scenarios.push_back(s);
    return true;
  });
  change(scenarios[changed]);
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  return judge_packets(scenarios, built_in_packet_labels(), *subject).failures;
}

// (The second rule of the fourth scenario was refused.)
TEST(Packets, EveryKindOfChangeInARecordingIsFound) {
  EXPECT_EQ(failures_after([](PacketScenario&) {}), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].frame[15] ^= 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].frame.push_back(0); }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].cookie ^= 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].miss = true; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].in_port ^= 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits[0].total_len += 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].hits.pop_back(); }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.probes[0].frame[13] ^= 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.final_flows[0].packets += 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.final_flows[0].bytes += 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.final_flows.pop_back(); }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.errors[1][11] ^= 1; }), 0u);
  EXPECT_NE(failures_after([](PacketScenario& s) { s.errors[1].clear(); }), 0u);
}

TEST(Packets, EveryKindOfChangeInRecordedMetadataIsFound) {
  const auto last_hit = [](PacketScenario& s) -> PacketHit& { return s.probes[0].hits.back(); };
  constexpr std::size_t at = 0;  // a scenario whose rules copy what they read to registers
  EXPECT_EQ(failures_after([](PacketScenario&) {}, "parse", at), 0u);
  EXPECT_NE(failures_after([&](PacketScenario& s) { last_hit(s).meta.reg[0] ^= 1; }, "parse", at), 0u);
  EXPECT_NE(failures_after([&](PacketScenario& s) { last_hit(s).meta.reg[4] ^= 1; }, "parse", at), 0u);
  EXPECT_NE(failures_after([&](PacketScenario& s) { s.probes[0].error = s.rules[0]; }, "parse", at), 0u);
}

TEST(Packets, ARegisterGoesToAPlaceOfItsOwn) {
  std::size_t tunnels = 0;
  read_packet_scenarios(kFolder + "packets-parse.jsonl.gz", [&](const PacketScenario& recorded) {
    const PacketScenario renamed = with_four_registers(recorded);
    for (std::size_t i = 0; i < recorded.probes.size(); ++i) {
      for (std::size_t h = 0; h < recorded.probes[i].hits.size(); ++h) {
        const PacketMeta &was = recorded.probes[i].hits[h].meta, &is = renamed.probes[i].hits[h].meta;
        std::multiset<std::uint64_t> before(was.reg.begin(), was.reg.end()), after(is.reg.begin(), is.reg.end());
        before.insert(was.tun_id);
        after.insert(is.tun_id);
        EXPECT_EQ(before, after) << recorded.id;
        EXPECT_EQ(is.reg.back(), 0u) << recorded.id;
        tunnels += is.tun_id != 0;
      }
    }
    return true;
  });
  EXPECT_NE(tunnels, 0u);
}

TEST(Packets, ALabelThatIsNotUsedIsTold) {
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  std::vector<PacketScenario> first;
  read_packet_scenarios(kFolder + "packets-actions10.jsonl.gz", [&](const PacketScenario& s) {
    first.push_back(s);
    return false;
  });
  const PacketsReport report = judge_packets(first, built_in_packet_labels(), *subject);
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(report.stale.empty());
}

TEST(Packets, NothingIsCoveredByALabelThatHasNoReason) {
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  std::vector<PacketScenario> all;
  read_packet_scenarios(kFolder + "packets-nx.jsonl.gz", [&](const PacketScenario& s) {
    all.push_back(s);
    return true;
  });
  EXPECT_NE(judge_packets(all, {}, *subject).failures, 0u);
}

TEST(Packets, RecordingsAreJudgedWhereverTheyAre) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "oftwin-packets-elsewhere";
  std::filesystem::create_directories(folder);
  const std::filesystem::path copy = folder / "of-any-name.jsonl.gz";
  std::filesystem::copy_file(kFolder + "packets-match10.jsonl.gz", copy,
                             std::filesystem::copy_options::overwrite_existing);
  const std::unique_ptr<Subject> subject = make_builtin_subject();
  EXPECT_TRUE(check_packets(copy.string(), *subject).ok());
  EXPECT_TRUE(is_packets_file(copy.string()));
  EXPECT_FALSE(is_packets_file(OFTWIN_SOURCE_DIR "/corpus/recordings/basic.jsonl.gz"));
}

// A recording in which one byte of one packet-in is changed is not explained away.
TEST(Packets, OneChangedByteInARecordedFrameIsFound) {
  const Bytes frame = {2,  0, 0, 0, 0, 1,  2, 0, 0, 0,  0, 2, 0x08, 0x00, 0x45, 0, 0,
                       20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1,    10,   0,    0, 2};
  PacketRule all;
  all.actions = {0, 7, 0, 8, 10, 0, 0, 9, 0, 0, 0, 8, 0xff, 0xfd, 0, 0};  // set_nw_dst, output to the controller
  const PacketPrediction law = predict({all}, 1, frame, {});
  ASSERT_EQ(law.hits.size(), 1u);
  EXPECT_TRUE(equal_but_open(law.hits[0].frame, law.hits[0].frame, law.open));
  for (std::size_t i = 0; i < law.hits[0].frame.size(); ++i) {
    Bytes changed = law.hits[0].frame;
    changed[i] ^= 1;
    EXPECT_FALSE(equal_but_open(law.hits[0].frame, changed, law.open)) << "byte " << i;
  }
}

}  // namespace
}  // namespace oftwin::harness

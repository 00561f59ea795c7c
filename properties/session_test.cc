// Captured sessions: every one in the corpus agrees; known differences are exact; a changed reply is noticed.
#include "harness/session.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/session_reply.h"
#include "harness/subject/builtin.h"
#include "spec/openflow.h"

namespace oftwin::harness {
namespace {

namespace fs = std::filesystem;

const fs::path kSessions = fs::path(OFTWIN_SOURCE_DIR) / "corpus" / "sessions";

// A scratch copy of one session of the corpus.
class Scratch {
 public:
  explicit Scratch(const std::string& name)
      : folder_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const char* ending : {".pcap", ".frames", ".differences"}) {
      if (fs::exists(kSessions / (name + ending)))
        fs::copy(kSessions / (name + ending), folder_ / ("session" + std::string(ending)));
    }
  }
  ~Scratch() { fs::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path file(const std::string& ending) const { return folder_ / ("session" + ending); }
  void write(const std::string& ending, const std::string& text) const { std::ofstream(file(ending)) << text; }
  std::string read(const std::string& ending) const {
    std::ifstream in(file(ending), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  SessionReport check() const {
    const auto subject = make_builtin_subject();
    return check_session(file(".pcap").string(), *subject);
  }
  std::string error() const {
    try {
      check();
    } catch (const std::runtime_error& e) { return e.what(); }
    return "no error";
  }

 private:
  fs::path folder_;
};

TEST(Session, TheWholeCorpusAgrees) {
  std::uint64_t messages = 0;
  ReplyCounts replies;
  const std::vector<std::string> sessions = find_sessions(kSessions.string());
  EXPECT_GE(sessions.size(), 10u);
  for (const std::string& path : sessions) {
    const auto subject = make_builtin_subject();
    const SessionReport report = check_session(path, *subject);
    EXPECT_TRUE(report.agreed()) << print_session(report);
    EXPECT_TRUE(report.unjudged.empty()) << print_session(report);
    // Every controller message was handled on both sides, and its replies compared.
    EXPECT_EQ(report.stats.messages, report.replies.requests) << report.name;
    messages += report.stats.messages;
    replies += report.replies;
  }
  EXPECT_GE(messages, 2000u);
  EXPECT_EQ(replies.equal + replies.silent + replies.covered, replies.requests);
  EXPECT_EQ(replies.differing, 0u);
}

TEST(Session, AChangedReplyOfTheRealSwitchIsNoticed) {
  const Scratch scratch("osken-strict-and-loose");
  std::string bytes = scratch.read(".pcap");
  // The cookie of the second flow in the first flow statistics reply of several records: found by its first flow.
  const std::string reply = std::string("\x01\x11", 2);
  std::size_t changed = 0;
  for (std::size_t at = bytes.find(reply); at != std::string::npos && changed == 0; at = bytes.find(reply, at + 1)) {
    const bool flows = bytes.substr(at + 8, 2) == std::string("\x00\x01", 2) && bytes[at + 10] == 0;
    if (!flows || static_cast<unsigned char>(bytes[at + 3]) < 12 + 88) continue;
    bytes[at + 12 + 71] = static_cast<char>(bytes[at + 12 + 71] ^ 1);
    changed = at;
  }
  ASSERT_NE(changed, 0u);
  std::ofstream(scratch.file(".pcap"), std::ios::binary) << bytes;
  const SessionReport report = scratch.check();
  EXPECT_FALSE(report.agreed());
  EXPECT_EQ(report.replies.differing, 1u);
  ASSERT_EQ(report.problems.size(), 1u) << print_session(report);
  EXPECT_NE(report.problems[0].line().find("flow.cookie"), std::string::npos) << report.problems[0].line();
}

// Every count of 32 in the first records of flow statistics replies becomes `count`; how many there were.
std::size_t spell_any(std::string& bytes, unsigned count) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::size_t changed = 0;
  for (std::size_t m = bytes.find("\x01\x11"); m != std::string::npos; m = bytes.find("\x01\x11", m + 1)) {
    if (m + 12 + 88 > bytes.size() || at(m + 8) != 0 || at(m + 9) != OFPST_FLOW || at(m + 10) != 0) continue;
    if (at(m + 2) * 256u + at(m + 3) < 12 + 88) continue;
    const std::size_t word = m + 12 + wire::flow_stats::match.offset;
    if ((at(word + 2) & 0x3f) != 32) continue;  // nw_src: the low six bits of the third byte
    bytes[word + 2] = static_cast<char>((at(word + 2) & 0xc0) | count);
    ++changed;
  }
  return changed;
}

TEST(Session, MATCH_9_AnyAddressMayBeSpelledWithEveryCountFrom32On) {
  const Scratch scratch("osken-strict-and-loose");
  const std::string captured = scratch.read(".pcap");
  for (const unsigned count : {33u, 63u, 31u}) {
    std::string bytes = captured;
    ASSERT_GT(spell_any(bytes, count), 0u);
    std::ofstream(scratch.file(".pcap"), std::ios::binary) << bytes;
    const SessionReport report = scratch.check();
    EXPECT_EQ(report.agreed(), count != 31) << print_session(report);
  }
}

TEST(Session, ADifferenceThatIsNotSeenFails) {
  const Scratch scratch("ofctl-monitor");
  scratch.write(".differences",
                scratch.read(".differences") +
                    "never clause=MSG-6 in=error.error only=switch is=BAD_REQUEST/BAD_TYPE times=1\n  Why.\n");
  const SessionReport report = scratch.check();
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_NE(report.problems[0].line().find("'never' was seen 0 times instead of 1"), std::string::npos)
      << report.problems[0].line();
}

TEST(Session, ADifferenceThatIsNotKnownFails) {
  const Scratch scratch("ofctl-monitor");
  scratch.write(".differences", "");
  const SessionReport report = scratch.check();
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_NE(report.problems[0].line().find("only the model sends error error=BAD_REQUEST/BAD_SUBTYPE"),
            std::string::npos)
      << report.problems[0].line();
}

TEST(Session, WrongSideFilesNameTheirLine) {
  const Scratch scratch("ofctl-monitor");
  const auto error = [&](const std::string& text) {
    scratch.write(".differences", text);
    const std::string what = scratch.error(), file = scratch.file(".differences").string();
    return what.starts_with(file) ? what.substr(file.size()) : what;
  };
  EXPECT_EQ(error("# fine\n  a reason\n"), ":2:1: a reason without a difference above it");
  EXPECT_EQ(error("x clause=NONE-1 in=a.b relation=model-is-prefix times=1\n  r\n"),
            ":1:10: no such clause in spec/*.md");
  EXPECT_EQ(error("x clause=MSG-1 in=ab relation=model-is-prefix times=1\n  r\n"), ":1:19: expected RECORD.FIELD");
  EXPECT_EQ(error("x clause=MSG-1 in=a.b relation=any times=1\n  r\n").substr(0, 6), ":1:23:");
  EXPECT_EQ(error("x clause=MSG-1 in=a.b model=1 switch=2 times=0\n  r\n"),
            ":1:46: a difference that is never seen is none");
  EXPECT_EQ(error("x clause=MSG-1 in=a.b model=1 times=1\n  r\n").substr(0, 5), ":1:1:");
  EXPECT_EQ(error("x clause=MSG-1 in=a.b model=1 switch=2 times=1\n"), ":1:1: difference 'x' has no reason below it");

  const Scratch frames("osken-frames");
  frames.write(".frames", "12.000001 1 0a0b\n12.000000 1 0a0b\n");
  EXPECT_NE(frames.error().find(".frames:2:1: this frame is earlier"), std::string::npos) << frames.error();
  frames.write(".frames", "12.1 1 0a0\n");
  EXPECT_NE(frames.error().find(".frames:1:1: expected SECONDS"), std::string::npos) << frames.error();
}

TEST(Session, ATraceOfASessionPlaysTheSameEvents) {
  const Session session = read_session((kSessions / "osken-frames.pcap").string());
  const Trace trace = trace_of(session);
  EXPECT_EQ(trace.events, session.events);
  ASSERT_FALSE(trace.blocks.empty());
  EXPECT_EQ(trace.blocks.back().last, trace.events.size() - 1);
  EXPECT_EQ(session.frames, 60u);
  EXPECT_EQ(session.config.ports.size(), 4u);
  EXPECT_EQ(session.config.tables.size(), 254u);
  EXPECT_EQ(session.config.description.dp_desc, "recorded");
}

TEST(SessionReply, RecordsHoldEveryField) {
  const auto records = [](const Bytes& message) {
    std::vector<ReplyRecord> out;
    append_records(message, out);
    return out;
  };
  const Bytes error{1, 1, 0, 16, 0, 0, 0, 9, 0, 3, 0, 1, 1, 14, 0, 72};
  ASSERT_EQ(records(error).size(), 1u);
  EXPECT_EQ(print_record(records(error)[0]), "error error=FLOW_MOD_FAILED/OVERLAP data=010e0048");
  // An aggregate reply: 24 bytes of which the last four are padding.
  Bytes aggregate{1, 17, 0, 36, 0, 0, 0, 1, 0, 2, 0, 0};
  aggregate.resize(36);
  aggregate[19] = 7;
  aggregate[31] = 3;
  EXPECT_EQ(print_record(records(aggregate)[0]), "aggregate packets=7 bytes=0 flows=3");
  aggregate[35] = 1;
  EXPECT_EQ(print_record(records(aggregate)[0]), "aggregate packets=7 bytes=0 flows=3");
  // Every byte of a flow-removed message but version, length, xid, padding and undefined bits of the wildcards
  // (MATCH-9), and the field that is not asked for, makes a difference; without a wildcard the priority made none
  // (MATCH-11). Durations are read to the millisecond.
  Bytes removed(88);
  removed[9] = 0x10;  // dl_vlan_pcp
  removed[0] = 1;
  removed[1] = 11;
  removed[3] = 88;
  const auto plain = records(removed);
  for (std::size_t i = 8; i < removed.size(); ++i) {
    Bytes changed = removed;
    changed[i] ^= 0x80;
    const bool unread = i == 8 || i == 9 || i == 8 + 20 || i == 8 + 21 || i == 8 + 26 || i == 8 + 27 || i == 59 ||
                        i == 66 || i == 67 || i == 70 || i == 71;
    EXPECT_EQ(records(changed) == plain, unread) << "byte " << i;
  }
}

}  // namespace
}  // namespace oftwin::harness

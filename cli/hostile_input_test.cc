// Inputs that nobody meant well with, one kind of each by name; hundreds at random: hostile_files_test.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/bounded.h"
#include "harness/limits.h"
#include "harness/live/ledger.h"

namespace oftwin::cli {
namespace {

namespace fs = std::filesystem;
namespace limits = harness::limits;

constexpr const char* kTrace =
    "c1 flow_mod add priority=10 in_port=1 actions=output:2\n\nc1 barrier_request\n----\n"
    "c1 barrier_reply\n";

class HostileInput : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oftwin-hostile-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  static std::string corpus(const std::string& name) {
    std::ifstream in(std::string(OFTWIN_SOURCE_DIR) + "/corpus/" + name, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  // Refused as an input, and this is part of why.
  static void refused(const std::vector<std::string>& arguments, const std::string& why) {
    const Ended ended = run_bounded(arguments);
    EXPECT_TRUE(ended.in_time);
    EXPECT_EQ(ended.code, 2) << ended.out << ended.err;
    EXPECT_NE(ended.err.find(why), std::string::npos) << ended.out << ended.err;
    EXPECT_EQ(ended.out.find("lost"), std::string::npos) << ended.out;
  }
  static void agrees(const std::vector<std::string>& arguments) {
    const Ended ended = run_bounded(arguments);
    EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  }

  fs::path folder_;
};

TEST_F(HostileInput, a_line_of_spaces_in_differences_is_an_empty_line) {
  file("s.pcap", corpus("sessions/ofctl-basics.pcap"));
  file("s.differences", "   \n\t\n" + corpus("sessions/ofctl-basics.differences") + "  \n");
  agrees({"check", path("s.pcap")});
}

TEST_F(HostileInput, a_line_of_spaces_in_a_ledger_is_an_empty_line) {
  const std::string sound = corpus("ledger/open-vswitch-3.1.ledger");
  EXPECT_NO_THROW(harness::live::Ledger::parse("  \n\t\n" + sound + "   \n", "x"));
}

TEST_F(HostileInput, a_line_of_a_ledger_without_a_word_has_a_place) {
  for (const std::string line : {",", ",,", " , "}) {
    try {
      harness::live::Ledger::parse("# a ledger\n" + line + "\n", "x.ledger");
      FAIL() << line;
    } catch (const harness::live::LedgerError& e) {
      EXPECT_EQ(std::string(e.what()).find("x.ledger:2:"), 0u) << e.what();
    }
  }
}

TEST_F(HostileInput, a_key_of_many_parts_is_refused_before_it_is_taken_apart) {
  std::string key = "a";
  for (int i = 1; i < 50000; ++i) key += ".a";
  const std::string profile = file("deep.toml", "\n" + key + " = 1\n");
  refused({"check", "--random", "1", "--profile", profile}, profile + ":2:4097: ");
  refused({"check", "--random", "1", "--profile", file("b.toml", "a = " + std::string(4000, '['))}, "b.toml:1:");
}

TEST_F(HostileInput, a_recording_that_unpacks_to_gigabytes_is_refused_in_time) {
  const std::string bomb = path("bomb.jsonl.gz");
  gzFile out = gzopen(bomb.c_str(), "wb9");
  const std::string chunk(1 << 20, 'a');
  for (std::uint64_t i = 0; i <= limits::kRecordingLine >> 20; ++i) gzwrite(out, chunk.data(), 1 << 20);
  gzclose(out);
  refused({"check", bomb}, bomb + ":1: more than 16 MiB");
}

TEST_F(HostileInput, lists_within_lists_of_a_recording_are_bounded) {
  const std::string deep = "{\"id\":\"a\",\"theme\":\"b\",\"end\":\"c\",\"config\":" + std::string(100000, '[') + "\n";
  refused({"check", file("deep.jsonl", deep)}, "deep.jsonl:1: byte ");
}

TEST_F(HostileInput, line_ends_and_marks_of_other_systems_are_taken) {
  const auto foreign = [](std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
    return "\xef\xbb\xbf" + text;
  };
  const std::string trace = file("a.trace", foreign(kTrace));
  for (const char* command : {"check", "replay"}) agrees({command, trace});
  EXPECT_EQ(run_bounded({"coverage", trace}).code, 1);  // read, and one trace does not show everything
  agrees({"convert", trace, "-"});
  agrees({"check", "--random", "1", "--profile", file("p.toml", foreign(corpus("profiles/one-small-table.toml")))});
  agrees({"probes", file("f.flows", foreign("priority=5,in_port=1,actions=output:2\nactions=drop\n"))});
  file("s.pcap", corpus("sessions/ofctl-basics.pcap"));
  file("s.differences", foreign(corpus("sessions/ofctl-basics.differences")));
  agrees({"check", path("s.pcap")});
}

TEST_F(HostileInput, utf_16_is_named) {
  refused({"check", file("a.trace", std::string("\xff\xfe"
                                                "c\0",
                                                4))},
          "a.trace:1:1: is UTF-16");
}

TEST_F(HostileInput, what_is_no_plain_file_is_refused_and_not_waited_for) {
  const std::string fifo = path("fifo.trace");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", path("zero.trace"));
  fs::create_symlink("/dev/zero", path("zero.jsonl.gz"));
  fs::create_symlink("/dev/zero", path("zero.pcap"));
  fs::create_directories(path("folder.toml"));
  for (const char* command : {"check", "replay", "minimize", "coverage"}) {
    refused({command, fifo}, fifo + ": is a FIFO");
    for (const char* name : {"zero.trace", "zero.jsonl.gz", "zero.pcap"}) refused({command, path(name)}, "is a device");
  }
  refused({"convert", fifo, "-"}, "is a FIFO");
  refused({"probes", fifo}, "is a FIFO");
  refused({"check", "--random", "1", "--profile", path("folder.toml")}, "is a folder");
  refused({"check", "--random", "1", "--profile", fifo}, "is a FIFO");
}

TEST_F(HostileInput, what_cannot_be_read_is_told) {
  refused({"check", path("none.trace")}, "none.trace: No such file");
  if (geteuid() == 0) return;  // may read everything
  const std::string secret = file("secret.trace", kTrace);
  chmod(secret.c_str(), 0);
  refused({"check", secret}, "Permission denied");
}

TEST_F(HostileInput, sizes_have_limits_and_errors_say_so) {
  std::string ports = "1", connections = "c1";
  for (int i = 2; i <= 65279; ++i) ports += fmt::format(",{}", i);
  for (int i = 2; i <= 60000; ++i) connections += fmt::format(",c{}", i);
  refused({"check", file("p.trace", "switch ports=" + ports + "\n\nc1 barrier_request\n")},
          "p.trace: ports: more than");
  refused({"check", file("c.trace", "switch connections=" + connections + "\n\nc1 barrier_request\n")},
          "c.trace: connections: more than 4,096");
  std::string messages;
  for (int i = 0; i < 200000; ++i) messages += "c1 barrier_request\n";
  refused({"check", file("m.trace", messages)}, "messages before the loop runs: more than 10,000");
  fs::resize_file(file("huge.trace", "c1 barrier_request\n"), limits::kTrace + 1);
  refused({"check", path("huge.trace")}, "huge.trace: more than 64 MiB");
}

TEST_F(HostileInput, the_page_says_every_limit) {
  std::ifstream in(std::string(OFTWIN_SOURCE_DIR) + "/docs/limits.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const limits::Limit& limit : limits::all()) {
    const std::string row = fmt::format("| {} | {} |", limit.what, limits::in_words(limit));
    EXPECT_NE(page.str().find(row), std::string::npos) << row;
  }
}

TEST_F(HostileInput, no_control_byte_reaches_the_terminal) {
  const std::string evil =
      "\x1b[31m\a\xc2\x9b"
      "0m\xe6\xbc\x7f";
  const std::string trace = file("a" + evil + ".trace", "# " + evil + "\nc1 " + evil + "\n");
  const std::string named = file("b.trace", "# " + evil + "\nswitch name=\"\\x1b[31m\"\n\nc1 barrier_request\n");
  const std::vector<std::vector<std::string>> lines = {
      {"check", trace},
      {"replay", trace},
      {"convert", file("c.trace", "# " + evil + "\n\nc1 barrier_request\n"), "-"},
      {"check", "--" + evil},
      {evil},
      {"check", "--subject", evil, "--random", "1"},
      {"check", "--subject", "provider:" + evil, "--random", "1"},
      {"check", named},
      {"clause", evil},
      {"probes", file("f.flows", "priority=1,actions=" + evil + "\n")},
      {"check", "--random", "1", "--profile", file("p.toml", "[switch]\nname = \"" + evil + "\"\n")},
      {"check", "--random", "1", "--profile", file("q.toml", "[switch]\nname = \"a\\u001b[31m\"\n"), "--verdict", "-"},
      {"check", trace, "--json", "-"},
  };
  for (const auto& line : lines) {
    const Ended ended = run_bounded(line);
    EXPECT_EQ(obeyed_in(ended.out), "") << fmt::format("{}", fmt::join(line, " "));
    EXPECT_EQ(obeyed_in(ended.err), "") << fmt::format("{}", fmt::join(line, " "));
  }
}

}  // namespace
}  // namespace oftwin::cli

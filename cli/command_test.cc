// The command from outside: exit codes, messages, what it writes and what it does not.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

namespace fs = std::filesystem;

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

// before: what stands before the command, such as an environment.
Ran run(const std::string& arguments, const std::string& before = "") {
  std::string line = before + OFTWIN_COMMAND + " " + arguments + " 2>&1 </dev/null";
  Ran ran;
  FILE* pipe = popen(line.c_str(), "r");
  if (!pipe) return ran;
  std::array<char, 4096> buffer;
  while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) ran.output.append(buffer.data(), n);
  int status = pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class Command : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oftwin-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& content) {
    fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string corpus(const std::string& name) { return std::string(OFTWIN_SOURCE_DIR) + "/corpus/" + name; }

  fs::path folder_;
};

TEST_F(Command, agreement_is_exit_code_0) {
  Ran r = run("check " + corpus("flow_mod"));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("messages checked"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("clauses hit"), std::string::npos) << r.output;
}

TEST_F(Command, an_expectation_that_does_not_hold_is_exit_code_1) {
  Ran r = run("check " + file("a.trace", "\nc1 barrier_request\n----\nc1 echo_reply\n"));
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_NE(r.output.find("a.trace:2: "), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("model    c1 barrier_reply"), std::string::npos) << r.output;
}

TEST_F(Command, a_verdict_is_written_in_every_form) {
  std::string verdicts;
  for (const std::string ending : {"txt", "html", "json", "xml", "sarif"})
    verdicts += " --verdict " + path("v." + ending);
  Ran r = run("check --random 5 --profile " + corpus("profiles/openflow-1.0.toml") + verdicts);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(slurp(path("v.txt")).find("openflow-1.0.toml:7: [nxm] supported = false"), std::string::npos);
  EXPECT_TRUE(slurp(path("v.html")).starts_with("<!doctype html>"));
  EXPECT_NE(slurp(path("v.json")).find("\"conforms\": true"), std::string::npos);
  EXPECT_NE(slurp(path("v.xml")).find("failures=\"0\""), std::string::npos);
  EXPECT_NE(slurp(path("v.sarif")).find("\"2.1.0\""), std::string::npos);

  const std::string wrong = file("a.trace", "\nc1 barrier_request\n----\nc1 echo_reply\n");
  r = run("check " + wrong + " --verdict " + path("w.txt"));
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_NE(slurp(path("w.txt")).find("differed from the specification"), std::string::npos);
}

TEST_F(Command, a_wrong_profile_or_verdict_is_exit_code_2) {
  Ran r = run("check --random 1 --verdict " + path("v.pdf"));
  EXPECT_EQ(r.code, 2) << r.output;
  r = run("check --random 1 --profile " + file("p.toml", "[tables]\ncount = 0\n"));
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_NE(r.output.find("p.toml:2:9: a number from 1 to 255"), std::string::npos) << r.output;
}

TEST_F(Command, a_trace_that_a_profile_rules_out_is_outside) {
  const std::string trace = file("a.trace", "\nc1 flow_mod add nw_tos=4 ip actions=drop\n");
  Ran r = run("check " + trace + " --verdict - --profile " + file("p.toml", "[match]\n\nnw_tos = \"none\"\n"));
  EXPECT_EQ(r.code, 2) << "nothing was compared: " << r.output;
  EXPECT_NE(r.output.find("1 outside"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("p.toml:3: [match] nw_tos = none"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("was not tested"), std::string::npos) << r.output;
}

TEST_F(Command, generated_tables_with_their_probes) {
  const Ran r = run("check --tables 20 --verdict " + path("v.txt"));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("20 tables, seed 1: 20 agreed"), std::string::npos) << r.output;
  EXPECT_NE(slurp(path("v.txt")).find("PROV-1 PROV-2"), std::string::npos) << "no provider, no contract to judge";
}

TEST_F(Command, probes_of_a_file_of_flows) {
  const std::string flows =
      file("f.txt",
           "# two flows, the second hidden\npriority=9,ip,nw_dst=10.0.0.0/8 actions=drop\n"
           " cookie=0x1, table=0, n_packets=3, priority=8,ip,nw_dst=10.1.0.0/16 actions=output:1\n"
           "table=1,priority=1 actions=drop\n");
  Ran r = run("probes " + flows + " --pcap " + path("f.pcap"));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("2 flows, 4 packets (no fewer will do)"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("#2 priority=8,ip,nw_dst=10.1.0.0/16 (line 3): hidden by #1"), std::string::npos) << r.output;
  EXPECT_EQ(slurp(path("f.pcap")).size(), 24u + 4 * (16 + 60));
  r = run("probes " + file("bad.txt", "\npriority=5,colour=3\n"));
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_NE(r.output.find("bad.txt:2:12: unknown field colour"), std::string::npos) << r.output;
}

TEST_F(Command, a_theorem_is_proved_and_shown_broken) {
  Ran r = run("prove --theorem an_address_count");
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("1 of 1 theorems proved"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("broken rule refuted"), std::string::npos) << r.output;
  r = run("prove --theorem an_address_count --json -");
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("\"good\": true"), std::string::npos) << r.output;
}

TEST_F(Command, a_theorem_that_does_not_exist_is_exit_code_2) {
  Ran r = run("prove --theorem no_such_thing");
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_NE(r.output.find("no_such_thing"), std::string::npos) << r.output;
}

// A defect of the original after which a rule of the switch's own waits for ever.
TEST_F(Command, a_lasso_is_exit_code_1_and_a_trace_that_replays) {
  const std::string small = "explore --live --scope own --states 500";
  Ran r = run(small);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("comes to rest from every one of them"), std::string::npos) << r.output;
  r = run(small + " --edition E-07 --out " + folder_.string());
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_NE(r.output.find("lasso: sleeps: after 4 events"), std::string::npos) << r.output;
  EXPECT_NE(slurp(path("own-lasso.trace")).find("\n# From here on again and again, for ever"), std::string::npos);
  EXPECT_EQ(run("check " + path("own-lasso.trace")).code, 0);
  r = run(small + " --edition E-07 --json");
  EXPECT_EQ(r.code, 1) << r.output;
  EXPECT_NE(r.output.find("\"kind\": \"sleeps\""), std::string::npos) << r.output;
  EXPECT_EQ(run(small + " --refine 10").code, 2);
}

TEST_F(Command, a_broken_trace_is_exit_code_2_with_its_place) {
  Ran r = run("check " + file("a.trace", "\nc1 barrier_request\n\nc1 flow_mod ad\n"));
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_NE(r.output.find("a.trace:4:13: "), std::string::npos) << r.output;
}

TEST_F(Command, files_that_cannot_be_read_are_exit_code_2) {
  EXPECT_EQ(run("check " + path("none.trace")).code, 2);
  EXPECT_EQ(run("check " + path("none.jsonl.gz")).code, 2);
  EXPECT_EQ(run("check " + file("a.jsonl.gz", "not compressed")).code, 2);
  EXPECT_EQ(run("check " + file("b.pcap", "not a capture")).code, 2);
  std::string cut = slurp(corpus("recordings/basic.jsonl.gz"));
  EXPECT_EQ(run("check " + file("c.jsonl.gz", cut.substr(0, cut.size() / 2))).code, 2);
  fs::create_directory(path("empty"));
  EXPECT_EQ(run("check " + path("empty")).code, 2);
}

TEST_F(Command, wrong_words_are_exit_code_2) {
  for (const char* words : {"", "chekc", "check", "check --nonsense", "check --random x", "check --subject nobody x",
                            "clause NO-1", "fuzz --target /nowhere", "fuzz --engine none", "convert a"}) {
    EXPECT_EQ(run(words).code, 2) << words;
  }
  EXPECT_EQ(run("--version").code, 0);
  EXPECT_EQ(run("--help").code, 0);
}

TEST_F(Command, the_original_edition_is_not_held_against_the_subject) {
  Ran r = run("check --edition ovs-2011 --random 1");
  EXPECT_EQ(r.code, 2);
  EXPECT_NE(r.output.find("ovs-2011"), std::string::npos) << r.output;
  EXPECT_EQ(run("check --edition ovs-1066 --random 1").code, 2);
  EXPECT_EQ(run("check --errata E-02 " + file("a.trace", "\nclock 1ms\n")).code, 2) << "nothing to hold it against";
}

TEST_F(Command, bad_input_writes_nothing) {
  EXPECT_EQ(run("convert " + file("a.trace", "nonsense\n") + " " + path("b.bin")).code, 2);
  EXPECT_FALSE(fs::exists(path("b.bin")));
  std::string text = "\nc1 flow_mod add actions=drop\n\nnonsense\n";
  std::string broken = file("c.trace", text);
  EXPECT_EQ(run("check --rewrite " + broken).code, 2);
  EXPECT_EQ(slurp(broken), text);
}

TEST_F(Command, conversion_goes_both_ways) {
  std::string text = corpus("flow_mod/delete.trace");
  EXPECT_EQ(run("convert " + text + " " + path("a.bin")).code, 0);
  EXPECT_EQ(run("convert " + path("a.bin") + " " + path("b.trace")).code, 0);
  EXPECT_EQ(run("convert " + path("b.trace") + " " + path("c.bin")).code, 0);
  EXPECT_EQ(slurp(path("a.bin")), slurp(path("c.bin")));
  EXPECT_EQ(run("convert " + file("d.bin", "OFTX") + " " + path("d.trace")).code, 2);
  EXPECT_EQ(run("convert --id basic-0 --expect " + corpus("recordings/basic.jsonl.gz") + " " + path("r.trace")).code,
            0);
  EXPECT_EQ(run("check " + path("r.trace")).code, 0);
  EXPECT_EQ(run("convert --id basic-none " + corpus("recordings/basic.jsonl.gz") + " " + path("s.trace")).code, 2);
}

TEST_F(Command, a_trace_becomes_a_recording_that_replays) {
  for (const char* name : {"flow_mod/delete", "connection/blocked_connection", "loop/own_rules", "loop/destruction",
                           "errata/E-02", "errata/E-10", "buffer/flow_mod_with_a_buffer"}) {
    std::string out = path("made-1.jsonl");
    ASSERT_EQ(run("convert " + corpus(name + std::string(".trace")) + " " + out).code, 0) << name;
    bool original = std::string(name).starts_with("errata");
    Ran r = run(std::string("check ") + (original ? "" : "--edition corrected ") + out);
    EXPECT_EQ(r.code, 0) << name << "\n" << r.output;
    EXPECT_NE(r.output.find("1 agreed"), std::string::npos) << name << "\n" << r.output;
  }
  EXPECT_EQ(run("convert " + corpus("loop/waits_for_a_time.trace") + " " + path("no-1.jsonl")).code, 2);
}

TEST_F(Command, expectations_of_the_corpus_are_what_rewriting_gives) {
  std::string before = slurp(corpus("flow_mod/delete.trace"));
  std::string copy = file("a.trace", before);
  EXPECT_EQ(run("check --rewrite " + copy).code, 0);
  EXPECT_EQ(slurp(copy), before);
}

TEST_F(Command, results_for_machines) {
  Ran r = run("check --json - --junit " + path("j.xml") + " " + corpus("flow_mod/delete.trace"));
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.output.front(), '{') << r.output;
  for (const char* key : {"\"events\"", "\"messages\"", "\"agreed\"", "\"diverged\"", "\"clauses\""}) {
    EXPECT_NE(r.output.find(key), std::string::npos) << key;
  }
  EXPECT_NE(slurp(path("j.xml")).find("<testcase"), std::string::npos);
}

TEST_F(Command, a_check_ends_when_its_time_is_over_or_when_it_is_asked_to) {
  const Ran timed = run("check --time 1 --seed 3");
  EXPECT_EQ(timed.code, 0) << timed.output;
  EXPECT_NE(timed.output.find("ended early: its 1 s were over"), std::string::npos) << timed.output;
  EXPECT_NE(timed.output.find("all agree"), std::string::npos) << timed.output;
  const Ran asked = run("check --random 100000000 --seed 3", "timeout --preserve-status -s TERM 3 ");
  EXPECT_EQ(asked.code, 4) << asked.output;
  EXPECT_NE(asked.output.find("ended early: it was asked to stop"), std::string::npos) << asked.output;
  EXPECT_NE(asked.output.find("all agree"), std::string::npos) << asked.output;
}

TEST_F(Command, replay_and_clause_tell) {
  Ran r = run("replay " + corpus("flow_mod/failed_add_restores_its_victim.trace"));
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("victim=e1"), std::string::npos) << r.output;
  EXPECT_NE(run("clause ADD-8").output.find("restores its victim"), std::string::npos);
}

}  // namespace

// Where nothing was compared, nothing agrees: exit code 2, and a word why.
#include <nlohmann/json.hpp>

#include "cli/command_runner.h"
#include "cli/made_session.h"
#include "cli/serving.h"

namespace {

using namespace oftwin;
using namespace oftwin::cli;
using namespace oftwin::cli::made;

class NothingCompared : public CommandRunner {
 protected:
  // That the command ends so, and never says that all is well.
  void expect_refused(const std::string& arguments, const std::string& word) {
    const Ran r = run(arguments);
    EXPECT_EQ(r.code, 2) << arguments << ": " << r.output;
    EXPECT_TRUE(r.says(word)) << arguments << ": " << r.output;
    EXPECT_FALSE(r.says("all agree")) << arguments << ": " << r.output;
  }
};

TEST_F(NothingCompared, an_empty_file_or_a_head_alone) {
  const std::string empty = file("empty.trace", ""), head = file("head.trace", "switch tables=1 ports=1\n");
  for (const std::string& name : {empty, head}) {
    for (const std::string command : {"check ", "replay ", "minimize "}) {
      expect_refused(command + name, "holds no event");
    }
    expect_refused("coverage " + name, "nothing was counted");
  }
  ASSERT_EQ(run("convert " + head + " " + path("head.bin")).code, 0);
  expect_refused("check " + path("head.bin"), "holds no event");
  expect_refused("check " + file("empty.bin", ""), "not a binary trace");
  expect_refused("check " + file("empty.pcap", ""), "empty.pcap");
  expect_refused("check " + file("empty.jsonl", ""), "holds no recording");
}

TEST_F(NothingCompared, one_empty_file_among_others) {
  file("empty.trace", "");
  file("full.trace", "\nc1 barrier_request\n");
  const Ran r = run("check " + folder_.string());
  EXPECT_EQ(r.code, 2) << r.output;
  EXPECT_TRUE(r.says("empty.trace: holds no event")) << r.output;
}

TEST_F(NothingCompared, a_folder_without_traces) {
  std::filesystem::create_directory(path("f"));
  file("f/notes.txt", "nothing");
  for (const std::string command : {"check ", "coverage "}) {
    expect_refused(command + path("f"), "holds no trace, recording or capture");
  }
}

TEST_F(NothingCompared, what_a_profile_rules_out) {
  const std::string trace = file("a.trace", "\nc1 flow_mod add nw_tos=4 ip actions=drop\n");
  const std::string profile = file("p.toml", "[match]\n\nnw_tos = \"none\"\n");
  expect_refused("check " + trace + " --profile " + profile, "NOTHING WAS COMPARED");
  const Ran r = run("check " + trace + " --json - --junit " + path("j.xml") + " --profile " + profile);
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(nlohmann::json::parse(r.output)["compared_something"], false);
  EXPECT_NE(slurp(path("j.xml")).find("<skipped"), std::string::npos);
  file("b.trace", "\nc1 barrier_request\n");
  EXPECT_EQ(run("check " + trace + " " + path("b.trace") + " --profile " + profile).code, 0) << "something was";
}

TEST_F(NothingCompared, a_capture_without_openflow) {
  MadeSession s(MadeSession::Begins::in_the_middle);
  s.controller_says(bytes_of("GET / HTTP/1.0\r\n\r\n")).switch_says(bytes_of("HTTP/1.0 200 OK\r\n\r\n"));
  const std::string name = file("s.pcap", s.pcap());
  expect_refused("check " + name, "no OpenFlow 1.0 connection in the capture; 1 connection speaks something else");
  expect_refused("coverage " + name, "no OpenFlow 1.0 connection");
}

TEST_F(NothingCompared, a_capture_in_which_nothing_was_asked) {
  MadeSession s(MadeSession::Begins::in_the_middle);
  s.switch_says(message(OFPT_PORT_STATUS, 0, Bytes(56))).controller_says(message(OFPT_HELLO, 1));
  expect_refused("check " + file("s.pcap", s.pcap()), "nothing in the capture can be judged");
}

TEST_F(NothingCompared, no_traces_no_runs_no_time) {
  for (const std::string more : {"", " --random 0", " --tables 0", " --time 0"}) {
    expect_refused("check" + more, "nothing to check");
  }
  expect_refused("coverage --random 0", "nothing to look at");
  expect_refused("fuzz --runs 0 --time 0", "--runs says when to end");
  expect_refused("probes " + file("flows", "# none\n"), "no flow");
  expect_refused("prove --theorem nosuch", "no theorem");
  expect_refused("prove --list --theorem nosuch", "no theorem");
}

// A live switch: the built-in one on a socket.
TEST_F(NothingCompared, a_capture_is_played_on_a_live_switch) {
  MadeSession s;
  s.controller_says(encode(MadeFlow{1}.add(3))).barrier(4).pass(100'000);
  s.controller_says(flows_request(5)).switch_says(flows_reply(5, {{1}}));
  const std::string name = file("s.pcap", s.pcap());
  Serving serving;
  const Ran r = run("check " + name + " --subject " + serving.unix_socket() + " --json -");
  EXPECT_EQ(r.code, 0) << r.output;
  const auto json = nlohmann::json::parse(r.output);
  EXPECT_EQ(json["agreed"], 1) << r.output;
  EXPECT_GE(json["messages"], 4) << r.output;
}

TEST_F(NothingCompared, what_a_live_switch_cannot_be_told) {
  Serving serving;
  const std::string subject = " --subject " + serving.unix_socket();
  expect_refused("check " + file("a.trace", "\nswitch flush\n") + subject, "NOTHING WAS COMPARED");
  expect_refused("check " + file("b.trace", "") + subject, "holds no event");
  expect_refused("check " + file("c.pcap", "") + subject, "c.pcap");
}

}  // namespace

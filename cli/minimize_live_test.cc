// oftwin minimize and oftwin replay with a switch at the other end of a socket.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "cli/serving.h"

namespace {

using namespace oftwin::cli;

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

Ran run(const Serving& serving, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {OFTWIN_COMMAND};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process process(command, serving.folder() + "/output");
  Ran ran;
  ran.code = process.stop(0);
  ran.output = process.output();
  return ran;
}

std::string trace(const Serving& serving, const std::string& text) {
  const std::string path = serving.folder() + "/a.trace";
  std::ofstream(path) << text;
  return path;
}

TEST(MinimizeLive, what_makes_a_live_switch_go_away_is_made_small) {
  Serving serving({"--subject", "provider:" OFTWIN_EXAMPLES "/broken_crashes_on_a_long_list.so"});
  const std::string file =
      trace(serving,
            "\nc1 barrier_request\n\nc1 flow_mod add priority=9 actions=output:1\n\n"
            "c1 flow_mod add priority=10 cookie=0x5 in_port=1 "
            "actions=output:1,output:2,output:3,output:1,output:2,output:3\n\nc1 barrier_request\n");
  const std::string small = serving.folder() + "/small.trace";
  const Ran ran = run(serving, {"minimize", "--subject", serving.unix_socket(), "-o", small, file});
  EXPECT_EQ(ran.code, 0) << ran.output;
  std::ifstream in(small);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(text.find("s1 flow_mod add "), std::string::npos) << text;
  EXPECT_EQ(text.find("cookie"), std::string::npos) << text;
  EXPECT_EQ(text.find("in_port"), std::string::npos) << text;
  serving.stop_anyhow();
}

TEST(MinimizeLive, a_trace_is_replayed_on_a_live_switch_step_by_step) {
  Serving serving;
  const std::string file = trace(serving, "\nc1 flow_mod add priority=9 actions=output:1\n\nc1 stats_request flow\n");
  const Ran ran = run(serving, {"replay", "--subject", serving.tcp(), file});
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("s1 flow_mod add priority=9"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("switch    s1 flow priority=9"), std::string::npos) << ran.output;
  const Ran nothing = run(serving, {"minimize", "--subject", serving.tcp(), file});
  EXPECT_EQ(nothing.code, 2) << nothing.output;
  EXPECT_NE(nothing.output.find("there is nothing to minimize"), std::string::npos) << nothing.output;
  serving.stop();
}

}  // namespace

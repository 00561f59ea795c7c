// oftwin serve over somebody's provider: what is wrong with it is told and saved, and the server outlives it.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/serving.h"

namespace {

using namespace oftwin::cli;

std::string provider(const std::string& name) { return "provider:" OFTWIN_EXAMPLES "/" + name + ".so"; }

// The traces that were saved.
std::vector<std::string> saved(const Serving& serving) {
  std::vector<std::string> out;
  if (!std::filesystem::exists(serving.log())) return out;
  for (const auto& entry : std::filesystem::directory_iterator(serving.log())) {
    if (entry.path().extension() == ".trace") out.push_back(entry.path());
  }
  return out;
}

int check(const Serving& serving, const std::string& trace, const std::string& subject) {
  return Process({OFTWIN_COMMAND, "check", trace, "--subject", subject, "--out", serving.folder() + "/out"},
                 serving.folder() + "/check")
      .stop(0);
}

// A fault that a tool's session comes across: the saved trace shows it again, with that provider and not with the
// built-in one.
TEST(ServeProvider, one_that_is_wrong_is_found_out_while_a_tool_uses_it) {
  const std::string wrong = provider("broken_does_not_count");
  Serving serving({"--subject", wrong});
  serving.ofctl({"add-flow", "br0", "priority=5 actions=output:2"});
  EXPECT_NE(serving.ofctl({"dump-flows", "br0"}).find("n_packets=0"), std::string::npos);
  serving.ofctl({"packet-out", "br0",
                 "in_port=1 packet=ffffffffffff02000000000108060001080006040001020000000001010203040000000000000102"
                 "03050000000000000000000000000000"
                 "00000000 actions=TABLE"});
  serving.ofctl({"dump-flows", "br0"}, 1);
  EXPECT_EQ(serving.ofctl({"dump-flows", "br0"}), "NXST_FLOW reply:\n") << "it has begun anew";
  EXPECT_EQ(serving.stop_anyhow(), 1);
  EXPECT_NE(serving.printed().find(" 1 divergence;"), std::string::npos) << serving.printed();
  ASSERT_EQ(saved(serving).size(), 1u);
  EXPECT_EQ(check(serving, saved(serving)[0], wrong), 1);
  EXPECT_EQ(check(serving, saved(serving)[0], "builtin"), 0);
}

// Whoever was connected is let go; whoever comes then finds a switch that has just begun, and so each time.
TEST(ServeProvider, one_that_crashes_does_not_take_the_server_with_it) {
  const std::string wrong = provider("broken_crashes_on_a_long_list");
  const std::string few = "priority=5 actions=output:2", many = "actions=output:1,output:2,output:3,output:4,output:1";
  Serving serving({"--subject", wrong});
  for (int i = 0; i < 2; ++i) {
    serving.ofctl({"add-flow", "br0", few});
    serving.ofctl({"add-flow", "br0", many}, 1);
    EXPECT_EQ(serving.ofctl({"dump-flows", "br0"}), "NXST_FLOW reply:\n") << "it has begun anew";
  }
  serving.ofctl({"add-flow", "br0", few});
  EXPECT_NE(serving.ofctl({"dump-flows", "br0"}).find("priority=5 actions=output:2"), std::string::npos);
  EXPECT_EQ(serving.stop_anyhow(), 3) << serving.printed();
  EXPECT_NE(serving.printed().find("the switch was lost 2 times"), std::string::npos) << serving.printed();
  EXPECT_NE(serving.printed().find("signal 6 (Aborted), in rule_construct()"), std::string::npos) << serving.printed();
  EXPECT_NE(serving.printed().find("PROV-13"), std::string::npos) << serving.printed();
  ASSERT_EQ(saved(serving).size(), 2u);
  EXPECT_EQ(check(serving, saved(serving)[0], wrong), 3);
  EXPECT_EQ(check(serving, saved(serving)[0], "builtin"), 0);
}

// Killed from outside while nobody asks for anything: that is found out by who asks next.
TEST(ServeProvider, a_process_that_is_gone_is_replaced) {
  Serving serving({"--subject", provider("provider_c")});
  serving.ofctl({"add-flow", "br0", "priority=5 actions=output:2"});
  const std::vector<pid_t> children = serving.children();
  ASSERT_EQ(children.size(), 1u);
  ASSERT_EQ(::kill(children[0], SIGKILL), 0);
  ::usleep(20000);  // the next thing that the switch is told is the time, before anybody is in session
  EXPECT_EQ(serving.ofctl({"dump-flows", "br0"}), "NXST_FLOW reply:\n");
  EXPECT_EQ(serving.stop_anyhow(), 3) << serving.printed();
  EXPECT_NE(serving.printed().find("signal 9 (Killed)"), std::string::npos) << serving.printed();
}

TEST(ServeProvider, what_is_no_provider_is_refused) {
  const std::string out = (std::filesystem::temp_directory_path() / "oftwin-serve-refused").string();
  Process process({OFTWIN_COMMAND, "serve", "--listen", "ptcp:0", "--subject", "provider:/there/is/none.so"}, out);
  EXPECT_EQ(process.stop(0), 2);
  EXPECT_NE(process.output().find("/there/is/none.so"), std::string::npos) << process.output();
  std::filesystem::remove(out);
}

}  // namespace

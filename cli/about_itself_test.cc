// What the command says of itself: its manual page and completion come from the table of --help, a wrong word is named
// as typed with the nearest right one, and nothing that it says needs the source tree.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

Ran sh(const std::string& line) {
  Ran ran;
  FILE* pipe = popen(("{ " + line + "; } 2>&1 </dev/null").c_str(), "r");
  if (!pipe) return ran;
  std::array<char, 4096> buffer;
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) ran.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}
Ran run(const std::string& arguments) { return sh(OFTWIN_COMMAND " " + arguments); }

// Words that match, of any text.
std::set<std::string> words(const std::string& text, const std::string& pattern) {
  const std::regex form(pattern);
  std::set<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), form), end; it != end; ++it) out.insert((*it)[1]);
  return out;
}

std::set<std::string> commands() {
  const std::string help = run("--help").output;
  return words(help.substr(help.find("Subcommands:")), "\n  ([a-z]+) ");
}

std::string page_without_roff() {
  const std::string page = run("manual").output;
  return std::regex_replace(page, std::regex(R"(\\-)"), "-");
}

TEST(about_itself, the_manual_page_has_every_command_and_option) {
  const std::string page = page_without_roff();
  ASSERT_GT(commands().size(), 10u);
  for (const std::string& command : commands()) {
    EXPECT_NE(page.find(".SS oftwin " + command), std::string::npos) << command;
    const auto options = words(run(command + " --help").output, "(--[a-z][a-z-]*)");
    for (const std::string& option : options) EXPECT_NE(page.find(option), std::string::npos) << option;
  }
  EXPECT_NE(page.find("Exit codes:"), std::string::npos);
}

TEST(about_itself, a_shell_completes_commands_and_options) {
  const auto completed = [](const std::string& words, int at) {
    return sh("bash -c 'source <(" OFTWIN_COMMAND " completion bash); COMP_WORDS=(" + words +
              "); COMP_CWORD=" + std::to_string(at) + "; _oftwin; echo ${COMPREPLY[@]}'")
        .output;
  };
  EXPECT_EQ(completed("oftwin mini", 1), "minimize\n");
  EXPECT_EQ(completed("oftwin check --verd", 2), "--verdict\n");
  EXPECT_EQ(completed("oftwin serve --lis", 2), "--listen\n");
  EXPECT_EQ(completed("oftwin check corp", 2), "\n");  // a file: the shell's own
  EXPECT_EQ(run("completion fish").code, 2);
}

TEST(about_itself, a_wrong_word_is_named_as_typed_with_the_nearest_right_one) {
  const auto says = [](const std::string& arguments, const std::string& what) {
    const Ran r = run(arguments);
    EXPECT_EQ(r.code, 2) << arguments;
    EXPECT_NE(r.output.find(what), std::string::npos) << arguments << " says:\n" << r.output;
  };
  says("chek corpus", "there is no command 'chek'; did you mean check?");
  says("check --verdicts v.html", "oftwin check has no option --verdicts; did you mean --verdict?");
  says("check --rnadom 5", "has no option --rnadom; did you mean --random?");
  says("check --verd=v.html", "has no option --verd; did you mean --verdict?");
  says("serve --random 5", "oftwin serve has no option --random");
  says("--verison", "there is no option --verison without a command; did you mean --version?");
  says("xyzzy", "there is no command 'xyzzy' (");
}

TEST(about_itself, a_value_that_looks_like_an_option_is_not_taken_for_one) {
  EXPECT_EQ(run("convert /dev/null - --nonsense").code, 2);
  const Ran r = run("coverage --json - --random 1");
  EXPECT_NE(r.code, 2) << r.output;
}

TEST(about_itself, the_version_names_the_commit) {
  EXPECT_TRUE(
      std::regex_match(run("--version").output, std::regex(R"(oftwin \d+\.\d+\.\d+( \([0-9a-f]{7,}(-dirty)?\))?\n)")))
      << run("--version").output;
}

TEST(about_itself, every_trace_on_the_page_about_traces_holds) {
  std::ifstream in(OFTWIN_SOURCE_DIR "/docs/write-a-trace.md");
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str(), file = testing::TempDir() + "/oftwin-page.trace", fence = "```trace\n";
  int traces = 0;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const std::size_t from = at + fence.size();
    const std::string trace = text.substr(from, text.find("```", from) - from);
    std::ofstream(file) << trace;
    const Ran r = run("check " + file);
    EXPECT_EQ(r.code, 0) << trace << r.output;
    ++traces;
  }
  EXPECT_GE(traces, 6);
  std::remove(file.c_str());
}

TEST(about_itself, errata_are_named_when_the_source_tree_is_gone) {
  const std::string alone = "unshare --mount --map-root-user sh -c 'cp " OFTWIN_COMMAND
                            " /dev/shm/oftwin.$$ && mount -t tmpfs none " OFTWIN_SOURCE_DIR
                            " && /dev/shm/oftwin.$$ clause ADD-8; code=$?; rm /dev/shm/oftwin.$$; exit $code'";
  if (sh("unshare --mount --map-root-user true").code != 0) GTEST_SKIP() << "no name spaces for users here";
  const Ran r = sh(alone);
  EXPECT_EQ(r.code, 0) << r.output;
  EXPECT_NE(r.output.find("A failed add restores its victim"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("erratum: E-"), std::string::npos) << r.output;
}

}  // namespace

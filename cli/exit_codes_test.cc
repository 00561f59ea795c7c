// docs/exit-codes.md and --help say the same about every command.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

using Lines = std::set<std::string>;  // "4  a signal ..."

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  if (pipe == nullptr) return out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  pclose(pipe);
  return out;
}

Lines of_help(const std::string& command) {
  const std::string help = output_of(std::string(OFTWIN_COMMAND) + " " + command + " --help");
  std::istringstream below(help.substr(std::min(help.find("Exit codes:"), help.size())));
  Lines out;
  const std::regex line("  ([0-9]  .+)");
  std::smatch found;
  for (std::string text; std::getline(below, text);) {
    if (std::regex_match(text, found, line)) out.insert(found[1]);
  }
  return out;
}

TEST(ExitCodes, the_page_and_the_help_say_the_same) {
  std::map<std::string, Lines> page;
  std::ifstream in(OFTWIN_SOURCE_DIR "/docs/exit-codes.md");
  const std::regex row("\\| `(.+)` \\| ([0-9]) \\| (.+) \\|");
  std::smatch found;
  for (std::string text; std::getline(in, text);) {
    if (std::regex_match(text, found, row)) page[found[1]].insert(found[2].str() + "  " + found[3].str());
  }
  const std::string all = output_of(std::string(OFTWIN_COMMAND) + " --help");
  std::istringstream commands(all.substr(all.find("Subcommands:")));
  const std::regex command("  ([a-z]+) .*");
  std::size_t n = 0;
  for (std::string text; std::getline(commands, text);) {
    if (!std::regex_match(text, found, command)) continue;
    ++n;
    EXPECT_EQ(page[found[1]], of_help(found[1])) << found[1];
    EXPECT_GE(page[found[1]].size(), 2u) << found[1];
  }
  EXPECT_GE(n, 11u) << all;
  EXPECT_EQ(page.size(), n);
}

}  // namespace

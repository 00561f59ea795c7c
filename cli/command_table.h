// The commands and their options as plain values, read once from what the command line is parsed with: the manual page,
// the completion of shells and the nearest right word all come from it, as --help does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oftwin::cli {

struct OptionEntry {
  std::vector<std::string> names;  // with their dashes, short ones first; the name alone for what has a position
  std::string value;               // what it takes, such as TEXT or INT; empty: nothing
  std::string text, fallback;      // what it is for, in a sentence; what it is without being said
  bool required = false;
};

struct CommandEntry {
  std::string name, text;
  std::vector<OptionEntry> arguments, options;
  std::string footer;  // what stands below: its exit codes
};

struct CommandTable {
  std::string name, version, text;
  std::vector<OptionEntry> options;  // of all commands
  std::vector<CommandEntry> commands;
};

// A page for man(1), in its own language.
std::string manual_page(const CommandTable& table);

// A script for `shell`: bash or zsh. throws std::invalid_argument for another.
std::string completion(const CommandTable& table, std::string_view shell);

// What is wrong with a word of the command line that is no command, or no option of `command` (empty: of all), with the
// nearest right one; empty if it is right.
std::string complaint_about(const CommandTable& table, std::string_view command, std::string_view word);

}  // namespace oftwin::cli

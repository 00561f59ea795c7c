// The command, run as somebody would who trusts neither its input nor the command: within bounds, and looked after.
#pragma once

#include <string>
#include <vector>

namespace oftwin::cli {

struct Bounds {
  unsigned seconds = 20;      // of the clock; what lasts longer is ended
  unsigned memory_mb = 3000;  // of address space; no bound in a build with a sanitizer
};

struct Ended {
  int code = -1;           // as the shell says it: 128 and the signal where there was one
  bool in_time = true;     // it ended by itself
  bool left_some = false;  // processes of it lived on (and were ended)
  std::string out, err;
};

// The command's first argument is the subcommand. Standard input is empty.
Ended run_bounded(const std::vector<std::string>& arguments, const Bounds& bounds = {});

// Whether this, and so the command, is built with a sanitizer: some ten times slower, and without a bound for memory.
bool is_sanitized();

// What a terminal would obey in `text`, as hexadecimal bytes; empty: nothing.
std::string obeyed_in(const std::string& text);

}  // namespace oftwin::cli

// The head of a trace: comments, claims, and the switch.
#pragma once

#include <string_view>

#include "harness/trace.h"
#include "harness/words.h"

namespace oftwin::harness {

// Reads one line of the head into `trace`; false: the line is no line of a head. Throws SyntaxError.
class HeadParser {
 public:
  explicit HeadParser(Trace& trace);
  bool line(std::string_view line);

 private:
  void claims(Words& words);
  void edition(Words& words);
  void show(Words& words);
  void switch_line(Words& words);
  void ports(const Word& w);
  void connections(const Word& w);
  void port_line(Words& words);
  void table_line(Words& words);
  void description(Words& words);

  Trace& trace_;
};

}  // namespace oftwin::harness

// Traces as text (design: the trace format): parse and print.
//
//   # comment                              the head: comments, then what the trace claims and what the switch is
//   clauses ADD-4
//   switch tables=2 ports=1,2,3 provider=scripted
//
//   c1 flow_mod add priority=10 actions=output:2      a block: inputs, which all happen before the loop runs ..
//     + barrier_request                               .. (a further message in the same bytes) ..
//   ----                                              .. then everything that comes out, until a blank line
//   provider construct e1 table=0 priority=10 actions=output:2 -> done
//   c1 barrier_reply request=e1.2
//
// A block ends with the loop running until it has nothing to do, unless its last line is `loop run N` (exactly N
// iterations) or `loop hold` (none: what follows still belongs to the same iteration). Events are numbered from 1 by
// their lines, loops and further messages not counted; `e7: ` in front of a line sets the number.
//
// Invariant: parse_trace(print_trace(t)) == t for every trace that normalize() leaves as it is.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace.h"

namespace oftwin::harness {

// What is wrong with a trace: "file:line:column: why".
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where the expectations of a block stand: lines from `begin` to before `end`, the `----` included; both are where it
// would be inserted if there is none. From 0.
struct ExpectationLines {
  std::size_t begin = 0, end = 0;
};
struct ParsedTrace {
  Trace trace;
  std::vector<ExpectationLines> expectations;  // for each block
};

// throws TraceError; `file` is for its message.
ParsedTrace parse_trace_text(std::string_view text, const std::string& file);
Trace parse_trace(std::string_view text, const std::string& file = "trace");

std::string print_trace(const Trace& trace);
// The lines before the first block.
std::string print_head(const Trace& trace);

// `text` with its unlabelled expectations replaced, all else as it was written.
std::string rewrite_expectations(std::string_view text, const std::vector<ExpectationLines>& where,
                                 const std::vector<std::vector<std::string>>& lines);

// Loops get the id 0, other events ascending ids (an id that does not ascend becomes its predecessor's plus 1); blocks
// that do not partition the events are made anew, one for each run of events that ends with a Loop.
void normalize(Trace& trace);
// Blocks anew, without expectations.
void make_blocks(Trace& trace);

// Ids 1, 2, 3 ..; names of rules, derived xids and expectations follow.
void renumber(Trace& trace);

}  // namespace oftwin::harness

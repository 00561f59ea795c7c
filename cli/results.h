// What a check has seen, for people and for machines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/check.h"
#include "harness/lockstep.h"
#include "harness/steering.h"
#include "harness/subject/contract.h"
#include "harness/verdict.h"

namespace oftwin::cli {

// Of one input: a file, or a run of random traces.
struct CheckResult {
  std::string input, kind;  // kind: trace, recording, packets, session, random
  std::uint64_t events = 0, messages = 0;
  std::uint64_t agreed = 0, outside = 0, diverged = 0;  // traces, scenarios, frames or sessions
  std::uint64_t covered = 0;                            // of those agreed: by a labelled, reasoned difference
  harness::ClauseSet clauses;
  harness::ClauseSet compared;  // those of them that were at work where the subject was compared
  std::vector<harness::Finding> findings;
  std::vector<harness::Reading> readings;
  std::vector<std::string> notes;             // lines worth printing although all is well
  std::vector<std::string> failures;          // readable, several lines each
  std::string bad_input;                      // why it could not be read
  std::string lost;                           // how the subject was lost
  std::string saved;                          // the trace that was saved then, or for a divergence
  std::string on_switch;                      // of a captured session: which switch is in it
  std::string provider;                       // what it is, where the subject is a provider library
  harness::ProviderCounts conduct;            // what it did
  std::vector<harness::Steering::Kept> kept;  // of what is steered
  double seconds = 0;

  // Another part of the same input.
  CheckResult& operator+=(CheckResult part);
  // False: nothing in it was held against anything, be it that nothing was wrong with it.
  bool compared_something() const { return agreed + diverged > 0 || !failures.empty() || !lost.empty(); }
  bool ok() const { return diverged == 0 && failures.empty() && bad_input.empty() && lost.empty(); }
};

// Between processes.
std::string encode_result(const CheckResult& result);
CheckResult decode_result(const std::string& text);

// The first few are kept in full.
void add_failure(CheckResult& result, const std::string& text);

// A trace that a result is about. The file; "": it could not be saved, and a note says why it is in the report only.
std::string save_trace(const std::string& text, const std::string& file, CheckResult& result);

// Says that there is a finding as soon as it is known, on standard error if results for machines go to standard output;
// the report comes at the end.
void announce(const harness::Finding& finding, const CheckOptions& options);

// Of a finding that the minimizer had no time for, or not enough.
inline constexpr std::string_view kNotSmaller = "there was no time to make it smaller: oftwin minimize does";

// All inputs.
struct CheckSummary {
  std::string subject;
  std::string unfinished;  // what was not looked at, and why
  bool stopped = false;    // a signal ended it before everything was checked
  std::vector<CheckResult> results;
  harness::ClauseSet clauses() const;
  bool compared_something() const;
  int exit_code() const;        // the worst: 3 lost, 2 unreadable or nothing compared, 1 diverged, 4 stopped, 0
  std::string against() const;  // what the inputs were held against, in words
};

void print_result(const CheckResult& result);  // on standard output; nothing for a plain trace that agrees
// How many clauses were hit; which were not, if they are few.
std::string print_clauses_hit(const harness::ClauseSet& hit);
void print_summary(const CheckSummary& summary);
std::string json_of(const CheckSummary& summary);
std::string junit_of(const CheckSummary& summary);

}  // namespace oftwin::cli

// The verdict: for every clause of the specification whether the subject kept it, and one sentence for a test report.
//
//   pass            it was at work where the subject's consequences were compared, and no difference is laid to it
//   fail            a finding names it; the finding carries its minimized trace
//   not applicable  the profile says that the switch has not got what the clause is about, and where it says so; or
//                   the clause is about a part that a subject of this kind has not got
//   untested        everything else, and why
//
// Invariant: what was not compared never passes. A clause that a finding names fails, however often it held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/lockstep.h"
#include "harness/profile.h"
#include "harness/trace.h"

namespace oftwin::harness {

// A difference between subject and model, minimized, or a subject that was lost.
struct Finding {
  ClauseSet clauses;   // laid to these; a lost subject may have none
  std::string title;   // one line
  std::string report;  // what was sent, wanted, got
  std::string trace;   // the minimized trace as text, ready to be saved and replayed
  std::string file;    // where it was saved; may be empty
  std::string rate;    // `10 of 10`: how often it showed when it was run again; empty: it was not
  bool lost = false;   // the subject crashed, hung or went away
};

// `shown`: the trace, minimized, and the divergence that it shows.
Finding finding_of(const Trace& shown, const Divergence& divergence, std::string_view subject);

// A recorded reading of the specification that was applied: what differed, and was expected to.
struct Reading {
  std::string clause, label, reason;
  std::uint64_t used = 0;
  std::uint64_t left = 0;  // scenarios that were followed no further because of it
};

// What there is to judge by.
struct Judged {
  std::string subject;  // its name, for people
  std::string tool;     // oftwin 0.1.0
  std::string how;      // the command line, so that it can be repeated
  ClauseSet compared;   // clauses at work where consequences were compared, and there was no difference
  ClauseSet unseen;     // clauses whose consequences this subject cannot show
  ClauseSet elsewhere;  // clauses about what is no part of a subject of this kind
  std::string elsewhere_why;
  std::vector<Finding> findings;
  std::vector<Reading> readings;
  std::uint64_t inputs = 0, events = 0, messages = 0;  // compared: traces (files, scenarios), events, messages
  std::optional<Profile> profile;
};

enum class Ruling : std::uint8_t { pass, fail, untested, not_applicable };
inline constexpr std::array<std::string_view, 4> kRulings = {"pass", "fail", "untested", "not applicable"};

struct ClauseVerdict {
  std::size_t clause = 0;  // into clauses()
  Ruling ruling = Ruling::untested;
  std::string why;                    // of untested and not applicable; of fail: `held elsewhere`, if it did
  std::vector<std::size_t> findings;  // into Judged::findings
  std::vector<std::size_t> readings;  // into Judged::readings
};

struct Verdict {
  Judged judged;
  std::vector<ClauseVerdict> clauses;   // all but the unmodelled ones, in the order of the specification
  std::array<std::size_t, 4> counts{};  // by Ruling
  bool conforms = false;                // something was tested, nothing failed, nothing was lost
  std::string sentence;                 // for a test report
};

Verdict verdict_of(Judged judged);

// Clauses that show only in what the poll loop waits for and in calls to the provider: unseen on a subject that has
// neither channel.
ClauseSet unseen_on(unsigned channels);

// For people; the last line is the sentence.
std::string print_verdict(const Verdict& verdict);
// One page that needs nothing else, on a screen and on paper.
std::string html_of(const Verdict& verdict);
// For machines.
std::string json_of(const Verdict& verdict);
std::string junit_of(const Verdict& verdict);  // a test case for each clause
std::string sarif_of(const Verdict& verdict);  // a result for each failed clause

}  // namespace oftwin::harness

// Holds what a switch said against what the model says, message by message.
//
// Replies are compared as records of fields (harness/session_reply.h), those to one request as a set: the order of
// flows, tables and ports in a reply and the cutting into parts are freedoms. What the switch sends of its own accord
// is compared by kind and in order; flow-removed messages in any order. Counters of tables and ports count from the
// beginning of the scenario, durations may be as long as the scenario took and kDurationTolerance_ms. Provider calls
// and times are not seen, so not compared.
//
// Where the law leaves a choice that cannot be seen (which of several rules of equal priority a packet meets), the
// model goes on as a set of states, and those that a later message contradicts are dropped; a scenario agrees if one is
// left. Other orders in which a request touches its rules are tried when the model's own does not give the error that
// was heard; what else could depend on the order, which of the rules counts a buffered packet, is taken to be as in the
// model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/live/heard.h"
#include "harness/live/ledger.h"
#include "harness/lockstep.h"
#include "harness/trace.h"

namespace oftwin::harness::live {

// The first event at which no state of the model says what the switch said.
struct Difference {
  std::size_t event = 0;  // its position in the scenario
  std::string what;       // one line for each record that differs
  std::string kind;       // what about, without values: error.data, only switch flow, ...: two of a kind look alike
  ClauseSet clauses;      // that the model hit there
  bool removals_missing = false;  // it is that flow-removed messages have not come; they may come yet
};

struct Judgement {
  std::map<std::string, std::uint64_t, std::less<>> used;  // readings that changed what was expected, and how often
  std::map<std::string, std::uint64_t, std::less<>> open;  // ... because of which part of a reply was not compared
  std::string left;                                        // the reading beyond which the scenario cannot be followed
  std::uint64_t messages = 0;                              // judged
  std::uint64_t replies = 0;                               // of the switch's, that were compared there
  std::uint64_t states = 1;                                // of the model, at most at the same time
  ClauseSet clauses;
  std::optional<Difference> difference;
};

// Beyond that a scenario is not followed: states, and answers to the model's questions about one message.
inline constexpr std::size_t kMostStates = 256, kMostTries = 4096;

// `scenario` as it was sent.
Judgement judge(const Trace& scenario, const Heard& heard, const Ledger& ledger);

}  // namespace oftwin::harness::live

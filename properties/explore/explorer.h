// Breadth first through everything that can happen within a scope, on several threads, with every step checked.
//
// States wait in the frontier as bytes (encoding.h); of a state that has been left only its fingerprint and the step by
// which it was first reached are kept (visited.h). Level N of the search is every state that N events lead to and no
// fewer, so that the first violation found has a shortest trace. Invariant: what was left out for lack of room or time
// is said in the result.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/state.h"
#include "properties/explore/invariants.h"
#include "properties/explore/lasso.h"
#include "properties/explore/scope.h"
#include "spec/event.h"

namespace oftwin::explore {

struct Options {
  model::Errata errata = {};
  unsigned depth = 0;        // events in a row; 0: no bound
  std::uint64_t states = 0;  // stop when that many have been seen; 0: no bound
  std::uint64_t memory_mb = 4096;
  unsigned threads = 1;
  bool first_only = true;        // stop at the first violation; otherwise one of each invariant
  bool check = true;             // false: only count, to measure what checking costs
  bool compare = false;          // every step with what the edition `corrected` does in the same state
  bool live = false;             // look for a lasso; to be had without `check` and `compare` only
  std::function<bool()> enough;  // asked again and again, by any thread: it ends then; may be empty
};

// One violation, and how to get there.
struct Finding {
  Invariant invariant = Invariant::count;  // count: none, but `corrected` does something else
  std::string detail;
  std::vector<Event> path;      // the scope's preamble included
  std::vector<Answer> answers;  // of the provider in the last event, for a reader
  unsigned depth = 0;           // events after the preamble
};

enum class Ending : std::uint8_t { exhausted, violation, depth, states, memory, asked };

// Whether the switch comes to rest from every state that was seen. Where the bounds of a search end, fair steps
// (fair_graph.h) are followed on, and only they, until they lead nowhere new.
struct Liveness {
  std::uint64_t steps = 0;   // fair ones
  std::uint64_t beyond = 0;  // states that only such steps beyond the bounds led to
  unsigned longest = 0;      // without a lasso: the most steps before the switch is at rest
  bool complete = false;     // all of them were followed to their ends; otherwise memory ended, or a lasso was found
  std::optional<Lasso> lasso;
};

struct Result {
  std::uint64_t states = 0, transitions = 0, terminal = 0;  // terminal: nothing can happen any more
  unsigned depth = 0;                                       // of the deepest state
  std::uint64_t left = 0;                                   // states seen whose events were not tried
  std::uint64_t bytes_kept = 0;                             // for visited states, besides the frontier
  std::uint64_t frontier_peak = 0;                          // bytes
  double seconds = 0;
  Ending ending = Ending::exhausted;
  std::vector<Finding> findings;
  std::optional<Liveness> liveness;  // if it was asked for
};

struct Progress {
  unsigned depth;
  std::uint64_t states, transitions, frontier;
  double seconds;
};

// `progress` (may be empty) is called after each level and about once a second, by one thread at a time.
Result explore(const Scope& scope, const Options& options, const std::function<void(const Progress&)>& progress = {});

std::string_view describe(Ending ending);

}  // namespace oftwin::explore

// Probes: the fewest packets that show whether a table with these rules looks packets up rightly.
//
// A packet meets a rule if it matches it and no other rule of the same or a higher priority: so it is never in doubt
// which rule it must meet. What the packets of a plan must show, each a goal that some packet reaches:
//
//   reach  (r)     meets r
//   over   (r, s)  meets r and matches s, of lower priority: the boundary between two rules that overlap, seen from the
//                  one that wins
//   inside (r, f)  meets r and differs from its value in the highest bit of field f that r does not compare, where it
//                  compares others: the mask is not longer
//   edge   (r, f)  is just outside: matches r in all fields but f, and there in all compared bits but the lowest (if no
//                  such packet exists: in not all compared bits), and matches no other rule of the same or a higher
//                  priority: whoever forgets that field, or that bit, takes it for r's
//   miss           matches no rule
//
// A goal that no packet can reach (there is no such frame, or other rules hide it) is left out; a rule that no packet
// can meet is unreachable, and the rules that hide it are named. Packets are those that some frame has, shape.h.
//
// `minimal` is said only if it is proved: as many goals exclude each other in pairs as there are packets, or a search
// over all ways to share packets has ended. Otherwise `at_least` is what is proved.
// Invariant: each goal is reached by some packet, and no packet can be left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::probe {

struct Rule {
  Match match;  // canonical
  std::uint32_t priority = 0;
};

enum class GoalKind : std::uint8_t { reach, over, inside, edge, miss };
struct Goal {
  GoalKind kind = GoalKind::reach;
  std::size_t rule = 0;   // into the rules; not of a miss
  std::size_t other = 0;  // over: the rule below; inside, edge: the field (fields() in cube.h)
  bool operator==(const Goal&) const = default;
};
std::string print_goal(const Goal& goal);  // over #3 #7; rules count from 1

struct Packet {
  FlowKey key;                     // with its in_port
  Bytes frame;                     // that has this key
  std::optional<std::size_t> hit;  // the rule that it must meet; nullopt: none. With `free`, one of several
  bool free = false;               // matches several rules of the same highest priority (only an edge may)
  std::vector<std::size_t> goals;  // into Plan::goals
};

struct Unreachable {
  std::size_t rule = 0;
  std::vector<std::size_t> hidden_by;  // without any one of these it could be met; empty: no frame has what it asks for
};

struct Plan {
  std::vector<Goal> goals;  // those that can be reached
  std::vector<Packet> packets;
  std::vector<Unreachable> unreachable;
  std::size_t at_least = 0;  // no plan has fewer packets
  bool minimal = false;
  std::size_t undecided = 0;  // goals of which the solver could not say whether they can be reached
  std::uint64_t solved = 0;   // questions that went to the solver
};

struct Options {
  std::vector<std::uint16_t> in_ports = {1, 2, 3};  // by which packets can come; not empty
  bool goals_beyond_reach = true;                   // false: each reachable rule once, and a miss
  // Of the proof that it cannot be done with fewer; 0: only what costs nothing.
  std::uint64_t effort = 20000;
  std::uint64_t steps = 2000;         // of a search before the solver is asked; 0: always the solver
  unsigned solver_timeout_ms = 2000;  // of one question
  Bytes payload;                      // behind the headers of each frame
};

Plan plan(std::span<const Rule> rules, const Options& options = {});

}  // namespace oftwin::probe

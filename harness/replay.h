// Replays recordings: the model in edition ovs-2011 has to do, byte for byte and call for call, what the original did.
//
// A scenario is *outside* when the model hits a clause of kind `unmodelled` in it: from there on the model does not
// claim to know. What came before has to agree all the same. No list of scenarios is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "harness/lockstep.h"
#include "harness/recording.h"

namespace oftwin::harness {

// Every defect of the original in force.
model::Errata all_errata();
// The clauses of kind `unmodelled`.
const ClauseSet& unmodelled_clauses();

// What differs between the original's dump and the model's state, in words; nullopt: nothing. Rules, operations and
// postponed messages are compared; the order of rules in a table is a freedom.
std::optional<std::string> compare_dump(const StateDump& dump, const model::State& state, const RuleNames& names);

enum class ReplayVerdict : std::uint8_t { agreed, diverged, outside };

struct ReplayResult {
  ReplayVerdict verdict = ReplayVerdict::agreed;
  std::size_t step = 0;  // of the recording, where it ended
  std::optional<Divergence> divergence;
  std::string dump_difference;  // when it is the state dump that differs
  Stats stats;
};

ReplayResult replay(const Recording& recording, const model::Errata& errata = all_errata());

struct ThemeCount {
  std::uint64_t in = 0, outside = 0, agreed = 0, diverged = 0;
  Stats stats;
};

// A .jsonl.gz file, or a folder of them (in the order of their names). Counts by theme; `on_result` may be empty.
// throws RecordingError.
std::map<std::string, ThemeCount> replay_all(
    const std::string& path, const std::function<void(const Recording&, const ReplayResult&)>& on_result);

// One line for each theme and a sum: in and out of scope, agreed and diverged, checked messages.
std::string print_counts(const std::map<std::string, ThemeCount>& counts);

}  // namespace oftwin::harness

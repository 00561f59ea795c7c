// What the provider answers and when: planned answers, the policy behind them, latency, and the operations in progress.
//
// Invariant: an operation is in `pending_` from the call that started it, unless it was answered inside that call,
// until it is taken out to be completed; those with a time to complete at are in `due_` as well.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "impl/provider.h"
#include "spec/error.h"
#include "spec/event.h"

namespace oftwin::sim {

struct Rule;

oft_error to_abi(const Error& error);

struct Operation {
  OperationKind kind = OperationKind::add;
  Rule* rule = nullptr;
  Rule* victim = nullptr;  // of an add
  oft_op* op = nullptr;
  std::uint64_t started = 0;         // by count
  std::uint64_t due_ms = OFT_NEVER;  // OFT_NEVER: waits to be told
};

class OperationQueue {
 public:
  void plan(OperationKind kind, const Answer& answer);
  void policy(std::optional<OperationKind> kind, const Answer& answer);
  void latency(std::optional<OperationKind> kind, std::uint32_t ms);

  // The answer for an operation that is being started; uses up a planned one. A failure without an error is none, and a
  // removal never fails.
  Answer next_answer(OperationKind kind);
  std::uint32_t latency(OperationKind kind) const { return of(kind).latency_ms; }

  void defer(Operation operation);
  std::optional<Operation> take(std::uint64_t rule_serial);  // the one on that rule
  std::optional<Operation> take_due(std::uint64_t now_ms);   // the next one: by time, then by start
  std::optional<Operation> take_oldest();
  void forget(const Rule& rule);   // it goes away
  std::uint64_t next_due() const;  // OFT_NEVER: none

 private:
  struct Settings {
    std::deque<Answer> planned;
    Answer policy;
    std::uint32_t latency_ms = 0;
  };
  Settings& of(OperationKind kind) { return settings_[static_cast<std::size_t>(kind)]; }
  const Settings& of(OperationKind kind) const { return settings_[static_cast<std::size_t>(kind)]; }
  Operation take(std::map<std::uint64_t, Operation>::iterator at);

  std::array<Settings, 3> settings_;
  std::map<std::uint64_t, Operation> pending_;             // by start
  std::set<std::pair<std::uint64_t, std::uint64_t>> due_;  // time, start
  std::uint64_t started_ = 0;
};

}  // namespace oftwin::sim

// The provider as the model sees it: somebody who answers when an operation is started, and who has work of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "model/turn.h"
#include "spec/bytes.h"

namespace oftwin::model {

struct Started {
  Answer answer;
  std::optional<std::uint64_t> due_ms;  // simulated mode: when a pending operation completes by itself
};
// What the provider answers to an operation of this kind on this rule.
Started answer_of_provider(Turn& turn, OperationKind kind, const Rule& rule);

// Whether the rule that is to be made next cannot be allocated.
bool provider_has_no_memory(Turn& turn);

Counters counters_of(const State& state, const Rule& rule);

// A sum over one that is unknown is unknown.
template <class W>
W sum_of(const std::vector<W>& counters) {
  W sum{};
  for (const W& n : counters) {
    if (n == kUnknown) return kUnknown;
    sum += n;
  }
  return sum;
}

// Runs a buffered packet through a rule; lets out the call.
Error execute_on_provider(Turn& turn, RuleName rule, std::uint16_t in_port, ByteView frame);
Error packet_out_on_provider(Turn& turn, std::uint16_t in_port, Bytes actions, ByteView frame);

// The periodic work, first in every iteration: what was queued for it, then completions that have become due, then
// rules that have timed out.
void run_provider(Turn& turn);
bool provider_has_work(const State& state);
// When the next completion becomes due, or the next rule times out.
std::optional<std::uint64_t> provider_due_ms(const State& state);

}  // namespace oftwin::model

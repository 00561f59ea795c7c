// Groups and operations: what a request (or the switch itself) starts at the provider, and how it ends.
//
// Invariant: the table is changed first and the provider is called then; what an operation needs to undo that is kept
// in the operation, and it is either dropped or applied, once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/decode.h"
#include "model/turn.h"

namespace oftwin::model {

// Who asks, and with what message. Nobody: the switch itself.
struct Asker {
  std::optional<ConnName> conn;
  ByteView request;
};

std::uint32_t begin_group(Turn& turn, const Asker& asker, std::uint32_t buffer_id);
// All operations of the group have been started: it is pending now, or has finished if none is in progress.
void submit_group(Turn& turn, std::uint32_t group);
std::size_t pending_groups(const State& state);
bool has_pending_groups(const State& state, ConnName conn);

// Puts the rule into its table in the victim's stead and asks the provider. Returns the error of a provider that
// refuses by return value; then everything is as before, but for the new rule, which is still in the table.
Error start_add(Turn& turn, std::uint32_t group, const Rule& rule, std::optional<Rule> victim);
// The rule has no operation.
void start_modify(Turn& turn, std::uint32_t group, RuleName rule, const Bytes& actions, std::uint64_t cookie);
void start_remove(Turn& turn, std::uint32_t group, RuleName rule);

// The switch removes these rules, which have no operation, as one group of its own.
void remove_rules(Turn& turn, const std::vector<RuleName>& names);

// The provider has completed the operation on this rule.
void complete_operation(Turn& turn, RuleName rule, Error error);

// The provider says that a rule has timed out.
void expire_rule(Turn& turn, RuleName rule, ExpiryReason reason);

// An empty rule if there is none of that name.
Rule take_from_table(Turn& turn, RuleName name);
// Takes the new rule out of its table again and puts the victim back.
void restore_victim(Turn& turn, RuleName rule, const std::optional<Rule>& victim);

}  // namespace oftwin::model

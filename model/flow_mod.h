// Changes of the flow table: the five commands, and what concerns all flows.
#pragma once

#include <vector>

#include "model/operation.h"
#include "model/turn.h"

namespace oftwin::model {

// The rules that a loose request about these tables touches, in the model's own order; nullopt: an operation is in
// progress on one that the match covers, whatever else the request says.
std::optional<std::vector<const Rule*>> collect_loose(Turn& turn, std::uint8_t table, const Match& match,
                                                      std::uint16_t out_port);

// Names of the rules in the order in which they are to be touched.
std::vector<RuleName> in_chosen_order(Turn& turn, const std::vector<const Rule*>& rules);
// Whether there is such a table, or all are meant.
bool table_exists(const State& state, std::uint8_t table);

// The rule in this table with this very match and priority.
const Rule* find_strict(const State& state, std::uint8_t table, const Match& match, std::uint32_t priority);
// An add, of whomever.
Verdict add_flow(Turn& turn, const Asker& asker, RuleName name, const FlowMod& fm);

// Starts the removal of every rule that has no operation in progress.
void flush_pass(Turn& turn);

// Shows every flow, hidden ones included.
void dump_flows(Turn& turn);

// The switch is being destroyed: gives back the rules that are left. None has an operation.
void give_back_rules(Turn& turn);

}  // namespace oftwin::model

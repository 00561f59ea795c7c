// Changes of the flow table: the five commands, the rules of the switch's own, and flushing.
#pragma once

#include <vector>

#include "model/operation.h"
#include "model/turn.h"

namespace oftwin::model {

// The rules that a loose request about these tables touches, in the model's own order; nullopt: an operation is in
// progress on one that the match covers, whatever else the request says.
std::optional<std::vector<const Rule*>> collect_loose(Turn& turn, std::uint8_t table, const Match& match,
                                                      std::uint16_t out_port);

void add_own_rule(Turn& turn, RuleName name, const event::HiddenAdd& wanted);
void retry_own_rules(Turn& turn);
void delete_own_rule(Turn& turn, const event::HiddenDel& wanted);

// Starts the removal of every rule that has no operation in progress.
void flush_pass(Turn& turn);

// The switch is being destroyed: gives back the rules that are left. None has an operation.
void give_back_rules(Turn& turn);

}  // namespace oftwin::model

// The rules of the switch's own: those that it is told to have, fail-open's, in-band control's.
//
// Invariant: nobody owns their operations; what must wait is tried again (OWN-2).
#pragma once

#include <cstdint>
#include <optional>

#include "model/turn.h"

namespace oftwin::model {

void add_own_rule(Turn& turn, RuleName name, const event::HiddenAdd& wanted);
void delete_own_rule(Turn& turn, const event::HiddenDel& unwanted);
// Before the connections' turns: what was postponed.
void retry_own_rules(Turn& turn);

// Standing in for controllers that cannot be reached, or that there are not.
bool has_controllers(const State& state);
void run_fail_open(Turn& turn);    // after the connections' turns
void leave_fail_open(Turn& turn);  // if there is a reason to
void stand_in_after_flush(Turn& turn);
// When the switch has to look after it, if nothing happens before.
std::optional<std::uint64_t> fail_open_due_ms(const State& state);

void set_in_band(Turn& turn, std::uint32_t event, const event::InBand& wanted);
void set_in_band_queue(Turn& turn, std::uint32_t event, std::uint32_t queue);
void run_in_band(Turn& turn);  // before the connections' turns

}  // namespace oftwin::model

// What the switch is told about itself while it runs.
#pragma once

#include <cstdint>

#include "model/turn.h"

namespace oftwin::model {

void set_controllers(Turn& turn, const event::SetControllers& wanted);
void reconnect(Turn& turn);
void set(Turn& turn, std::uint32_t event, const event::Set& wanted);
void describe(Turn& turn, const event::Describe& wanted);

}  // namespace oftwin::model

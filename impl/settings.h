// What the switch is told about itself while it runs.
#pragma once

#include <span>

#include "impl/core.h"

namespace oftwin::impl {

// The controllers are c<number> for these numbers.
void set_controllers(Core& core, std::span<const std::uint16_t> numbers);
// Ends every session.
void reconnect_all(Core& core);
void apply_setting(Core& core, event::Setting setting, std::uint64_t value);
void describe(Core& core, const event::Describe& texts);

}  // namespace oftwin::impl

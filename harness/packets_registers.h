// Recorded scenarios use up to five registers; a switch of 2011 has four.
//
// Which register is which does not matter, so those of a scenario are renamed until they fit: into the registers that
// there are, into the tunnel id if nothing else uses that and no match is about the register, and a register that is
// only written is left out. Nothing else of the scenario changes, and what was recorded of it is renamed likewise.
#pragma once

#include <optional>

#include "harness/packets_file.h"

namespace oftwin::harness {

// nullopt: it needs five registers.
std::optional<PacketScenario> with_four_registers(const PacketScenario& scenario);

}  // namespace oftwin::harness

// Recorded scenarios use up to five registers; a switch of 2011 has four.
//
// Which register is which does not matter, so those of a scenario are renamed until they fit: into the registers that
// there are, into the tunnel id if nothing else uses that and no match is about the register, and a register that is
// only written is left out. Nothing else of the scenario changes, and what was recorded of it is renamed likewise. One
// that needs five registers all the same stays as it is: the law refuses the rules that name the fifth.
#pragma once

#include <cstddef>
#include <optional>

#include "harness/packets_file.h"

namespace oftwin::harness {

// A register of the four that a load or move into or from the fifth does not name; nullopt: the action is none such.
std::optional<std::size_t> spare_register(ByteView action);
// Names that register in place of the fifth.
void rename_fifth_register(Bytes& action, std::size_t spare);

// A flow-mod names the fifth register in its match or actions.
bool names_fifth_register(ByteView message);

PacketScenario with_four_registers(const PacketScenario& scenario);

}  // namespace oftwin::harness

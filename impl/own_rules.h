// Rules that no controller asked for: those that the switch is told to have, the one that stands in for controllers
// (fail-open, standalone), and in-band control's.
#pragma once

#include <span>

#include "impl/core.h"

namespace oftwin::impl {

// A rule that the switch is told to have, or not to have: table 0. What has to wait is kept and done later.
void add_hidden(Core& core, OwnRule wanted);
// false: an operation on the rule is pending, nothing was done.
bool remove_hidden(Core& core, const OwnRule& unwanted);
// Tries again what had to wait, in the order of the requests.
void retry_deferred(Core& core);

// After all connections had their turns.
void watch_controllers(Core& core);
// Ends fail-open if a controller is back, or if it can't be any more.
void recover(Core& core);
// A flush has ended.
void stand_in(Core& core);
// When watch_controllers() will have something to do, OFT_NEVER if it can't be told.
std::uint64_t watch_at(const Core& core);

void set_in_band(Core& core, std::uint64_t local_mac, std::span<const event::InBandRemote> remotes);
void set_in_band_queue(Core& core, std::uint32_t queue);
// Puts in what is missing, removes what is not needed any more.
void tend_in_band(Core& core);

}  // namespace oftwin::impl

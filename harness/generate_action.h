// Lists of actions drawn from the same few values as matches and frames, so that what they load, set and resubmit to is
// met again.
//
// Part of harness/generator.h. Most lists are right; some have a defect, of each kind.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/source.h"
#include "spec/bytes.h"

namespace oftwin::harness {

Bytes draw_actions(Source& source, const std::vector<std::uint16_t>& ports);

}  // namespace oftwin::harness

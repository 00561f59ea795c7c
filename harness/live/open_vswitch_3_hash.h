// What Open vSwitch 3 chooses by hashing a packet. The functions are part of what its actions mean to somebody who
// wants to know where a packet goes: Jenkins' hash of the fields, Murmur's to mix (little-endian, as on x86-64 and
// arm).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness::live::ovs3 {

// action: a whole multipath; the link that it stores.
std::uint16_t multipath_link(ByteView action, const FlowKey& key);
// action: a whole bundle or bundle_load; the slave that it chooses, OFPP_NONE if none is live.
std::uint16_t bundle_slave(ByteView action, const FlowKey& key, const std::function<bool(std::uint16_t)>& live);

}  // namespace oftwin::harness::live::ovs3

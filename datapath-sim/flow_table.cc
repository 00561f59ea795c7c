// The table that runs; what it is stands in flow_table.h.
#include "datapath-sim/flow_table.h"

namespace oftwin::sim {

MachineParts::Hash MachineParts::hash(const KeyWords& key, const KeyWords& mask,
                                      const std::vector<std::uint8_t>& words) {
  Hash h = 0;
  for (const std::uint8_t i : words) h = mix(h, key[i] & mask[i]);
  return h;
}

MachineParts::Hash MachineParts::hash(const KeyWords& key) {
  static_assert(kKeyWords % 3 == 0);
  std::uint64_t a = 0, b = 0, c = 0;  // three at a time: none waits for another
  for (std::size_t i = 0; i < kKeyWords; i += 3) {
    a = mix(a, key[i]);
    b = mix(b, key[i + 1]);
    c = mix(c, key[i + 2]);
  }
  return mix(mix(a, b), c);
}

template class FlowTableOf<MachineParts>;

}  // namespace oftwin::sim

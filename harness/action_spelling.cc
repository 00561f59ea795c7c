#include "harness/action_spelling.h"

#include <cstddef>

#include "spec/openflow.h"

namespace oftwin::harness {

void settle_actions(Bytes& actions) {
  namespace w = wire::action;
  for (std::size_t at = 0; actions.size() - at >= 8;) {
    const std::size_t type = std::size_t{actions[at]} << 8 | actions[at + 1];
    const std::size_t length = std::size_t{actions[at + 2]} << 8 | actions[at + 3];
    if (length < 8 || length > actions.size() - at) return;
    if (type == OFPAT_SET_VLAN_VID) actions[at + w::vlan_vid.offset] &= 0x0f;
    if (type == OFPAT_SET_VLAN_PCP) actions[at + w::vlan_pcp.offset] &= 0x07;
    if (type == OFPAT_SET_NW_TOS) actions[at + w::nw_tos.offset] &= 0xfc;
    at += length;
  }
}

}  // namespace oftwin::harness

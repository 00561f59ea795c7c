#include "harness/live/scenario_ports.h"

#include <algorithm>
#include <array>

#include "harness/generate_frame.h"
#include "harness/live/cable.h"
#include "harness/request.h"
#include "harness/wire_io.h"
#include "spec/openflow.h"

namespace oftwin::harness::live {

bool can_arrive(const event::PacketArrives& frame, const std::vector<std::uint16_t>& cables) {
  return std::find(cables.begin(), cables.end(), frame.port) != cables.end() && frame.tun_id == 0 &&
         frame.frame.size() >= kShortestFrame && frame.frame.size() <= kLongestFrame;
}

event::PacketArrives PortDrawer::arrival() {
  constexpr std::array<std::uint8_t, 6> spanning_tree = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};
  DrawnPacket drawn = messages_.packet();
  const bool cabled = std::find(cables_.begin(), cables_.end(), drawn.in_port) != cables_.end();
  event::PacketArrives out;
  out.port = cabled ? drawn.in_port : source_.pick(cables_);
  out.frame = std::move(drawn.frame);
  if (out.frame.size() < kPaddedFrame) out.frame.resize(kPaddedFrame);
  if (source_.chance(5)) std::copy(spanning_tree.begin(), spanning_tree.end(), out.frame.begin());
  return out;
}

Bytes PortDrawer::action() {
  constexpr std::array<unsigned, 8> weights = {40, 12, 12, 10, 8, 6, 6, 6};
  switch (source_.weighted(weights)) {
    case 0:
      return action::output(source_.pick(cables_));
    case 1:
      return action::output(OFPP_FLOOD);
    case 2:
      return action::output(OFPP_ALL);
    case 3:
      return action::output(OFPP_IN_PORT);
    case 4:
      return action::output(OFPP_CONTROLLER, 0xffff);
    case 5:
      return action::enqueue(source_.pick(cables_), 0);
    case 6:
      return action::set_dl_dst(source_.pick(universe::macs));
    default:
      return source_.chance(50) ? action::strip_vlan() : action::set_vlan_vid(source_.pick(universe::vids));
  }
}

Bytes PortDrawer::actions() {
  Bytes out;
  for (std::uint64_t n = source_.between(1, 4); n > 0; --n) put_bytes(out, action());
  return out;
}

Bytes PortDrawer::message() {
  if (source_.chance(40)) {
    request::PacketOut out;
    out.in_port = source_.chance(70) ? source_.pick(cables_) : std::uint16_t{OFPP_NONE};
    out.actions = actions();
    out.data = messages_.packet().frame;
    if (out.data.size() < kPaddedFrame) out.data.resize(kPaddedFrame);
    return encode(out);
  }
  request::FlowMod out;
  if (source_.chance(50)) {
    out.match = messages_.match();
  } else if (source_.chance(50)) {
    out.match.wildcards &= ~std::uint32_t{OFPFW_IN_PORT};
    out.match.in_port = source_.pick(cables_);
  }
  out.priority = static_cast<std::uint16_t>(source_.between(1, 3));
  out.actions = actions();
  return encode(out);
}

}  // namespace oftwin::harness::live

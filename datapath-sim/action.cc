#include "datapath-sim/action.h"

#include "datapath-sim/wire.h"

namespace oftwin::sim {
namespace {

// source: OpenFlow 1.0, enum ofp_action_type and enum ofp_bad_action_code.
enum Type : std::uint16_t {
  kOutput = 0,
  kSetVlanVid = 1,
  kSetVlanPcp = 2,
  kStripVlan = 3,
  kSetDlSrc = 4,
  kSetDlDst = 5,
  kSetNwSrc = 6,
  kSetNwDst = 7,
  kSetNwTos = 8,
  kSetTpSrc = 9,
  kSetTpDst = 10,
  kEnqueue = 11,
  kVendor = 0xffff,
};

constexpr oft_error bad(std::uint16_t code) {
  constexpr std::uint16_t bad_action = 2;
  return OFT_ERROR_OPENFLOW(bad_action, code);
}
constexpr oft_error kBadType = bad(0), kBadLen = bad(1), kBadVendor = bad(2), kBadOutPort = bad(4),
                    kBadArgument = bad(5);

// A port may be missing now and there later, so any number that a port can have will do; so will 0, which none has.
bool can_output_to(std::uint16_t port) {
  if (port < kPortMax) return true;
  switch (port) {
    case kPortInPort:
    case kPortTable:
    case kPortNormal:
    case kPortFlood:
    case kPortAll:
    case kPortController:
    case kPortLocal:
      return true;
    default:
      return false;
  }
}

bool can_enqueue_to(std::uint16_t port) { return port < kPortMax || port == kPortInPort || port == kPortLocal; }

// No vendor's actions are known; those of Nicira are refused in the words of a switch that knows the vendor.
oft_error validate_vendor(const std::uint8_t* action, std::size_t length) {
  constexpr std::uint32_t nicira = 0x00002320;
  if (load32(action + 4) != nicira) return kBadVendor;
  return length < 16 ? kBadLen : kBadType;
}

oft_error validate_action(const std::uint8_t* action, std::size_t length) {
  const std::uint16_t type = load16(action);
  if (type == kVendor) return validate_vendor(action, length);
  if (type > kEnqueue) return kBadType;
  const bool wide = type == kSetDlSrc || type == kSetDlDst || type == kEnqueue;
  if (length != (wide ? 16u : 8u)) return kBadLen;
  switch (type) {
    case kOutput:
      return can_output_to(load16(action + 4)) ? OFT_OK : kBadOutPort;
    case kEnqueue:
      return can_enqueue_to(load16(action + 4)) ? OFT_OK : kBadOutPort;
    case kSetVlanVid:
      return load16(action + 4) <= 0x0fff ? OFT_OK : kBadArgument;
    case kSetVlanPcp:
      return action[4] <= 7 ? OFT_OK : kBadArgument;
    case kSetNwTos:
      return (action[4] & 0x03) == 0 ? OFT_OK : kBadArgument;
    default:
      return OFT_OK;
  }
}

void execute_action(const std::uint8_t* a, Rewriter& frame, Forwarder& forwarder) {
  switch (load16(a)) {
    case kOutput:
      forwarder.output(load16(a + 4), load16(a + 6), frame);
      break;
    case kEnqueue:
      forwarder.output(load16(a + 4), 0, frame);
      break;  // no port has queues
    case kSetVlanVid:
      frame.set_vlan_vid(load16(a + 4));
      break;
    case kSetVlanPcp:
      frame.set_vlan_pcp(a[4]);
      break;
    case kStripVlan:
      frame.strip_vlan();
      break;
    case kSetDlSrc:
      frame.set_dl_src(load48(a + 4));
      break;
    case kSetDlDst:
      frame.set_dl_dst(load48(a + 4));
      break;
    case kSetNwSrc:
      frame.set_nw_src(load32(a + 4));
      break;
    case kSetNwDst:
      frame.set_nw_dst(load32(a + 4));
      break;
    case kSetNwTos:
      frame.set_nw_tos(a[4]);
      break;
    case kSetTpSrc:
      frame.set_tp_src(load16(a + 4));
      break;
    case kSetTpDst:
      frame.set_tp_dst(load16(a + 4));
      break;
    default:
      break;
  }
}

}  // namespace

oft_error validate_actions(ByteView actions) {
  while (!actions.empty()) {
    if (actions.size() < 8) return kBadLen;
    const std::size_t length = load16(actions.data() + 2);
    if (length < 8 || length % 8 != 0 || length > actions.size()) return kBadLen;
    if (const oft_error error = validate_action(actions.data(), length)) return error;
    actions = actions.subspan(length);
  }
  return OFT_OK;
}

void execute_actions(ByteView actions, Rewriter& frame, Forwarder& forwarder) {
  while (!actions.empty()) {
    execute_action(actions.data(), frame, forwarder);
    actions = actions.subspan(load16(actions.data() + 2));
  }
}

}  // namespace oftwin::sim

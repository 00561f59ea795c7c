// Actions of OpenFlow 1.0 as bytes (request.h).
#include "harness/request.h"
#include "harness/wire_io.h"

namespace oftwin::harness {

namespace {

Bytes one_action(OfpActionType type, std::uint16_t len) {
  Bytes out;
  put<std::uint16_t>(out, type);
  put(out, len);
  return out;
}

template <class T>
Bytes small_action(OfpActionType type, T value) {
  Bytes out = one_action(type, 8);
  put(out, value);
  put_zeros(out, 4 - sizeof(T));
  return out;
}

Bytes mac_action(OfpActionType type, const Mac& mac) {
  Bytes out = one_action(type, 16);
  put_bytes(out, mac);
  put_zeros(out, 6);
  return out;
}

}  // namespace

namespace action {

Bytes output(std::uint16_t port, std::uint16_t max_len) {
  Bytes out = one_action(OFPAT_OUTPUT, 8);
  put(out, port);
  put(out, max_len);
  return out;
}
Bytes set_vlan_vid(std::uint16_t vid) { return small_action(OFPAT_SET_VLAN_VID, vid); }
Bytes set_vlan_pcp(std::uint8_t pcp) { return small_action(OFPAT_SET_VLAN_PCP, pcp); }
Bytes strip_vlan() { return small_action<std::uint32_t>(OFPAT_STRIP_VLAN, 0); }
Bytes set_dl_src(const Mac& mac) { return mac_action(OFPAT_SET_DL_SRC, mac); }
Bytes set_dl_dst(const Mac& mac) { return mac_action(OFPAT_SET_DL_DST, mac); }
Bytes set_nw_src(std::uint32_t address) { return small_action(OFPAT_SET_NW_SRC, address); }
Bytes set_nw_dst(std::uint32_t address) { return small_action(OFPAT_SET_NW_DST, address); }
Bytes set_nw_tos(std::uint8_t tos) { return small_action(OFPAT_SET_NW_TOS, tos); }
Bytes set_tp_src(std::uint16_t port) { return small_action(OFPAT_SET_TP_SRC, port); }
Bytes set_tp_dst(std::uint16_t port) { return small_action(OFPAT_SET_TP_DST, port); }
Bytes enqueue(std::uint16_t port, std::uint32_t queue) {
  Bytes out = one_action(OFPAT_ENQUEUE, 16);
  put(out, port);
  put_zeros(out, 6);
  put(out, queue);
  return out;
}

}  // namespace action
}  // namespace oftwin::harness

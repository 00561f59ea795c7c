// A frame on its way through action lists.
//
// Actions change the packet's key; that reaches the bytes only at the next output: then each field of the key that is
// not what was written last is written, if the frame has a place for it, checksums with it. A field that was changed
// and changed back leaves no trace. Invariant: if `changed_`, then `written_` is
// what the key was when the bytes were last in step with it; else they are now.
#pragma once

#include <cstdint>

#include "datapath-sim/packet.h"
#include "spec/bytes.h"

namespace oftwin::sim {

class Rewriter {
 public:
  // `packet` was parsed from `frame`; all outlive this. The frame is copied to `scratch` when it is first changed.
  Rewriter(ByteView frame, const Packet& packet, Bytes& scratch);

  // To be called before the packet's key changes.
  void key_changes() {
    if (!changed_) written_ = writable(packet_.key);
    changed_ = true;
  }
  // The bytes, in step with the packet's key; valid until the next call.
  ByteView frame();

 private:
  // Of a key, what can be written.
  struct Fields {
    std::uint64_t dl_src = 0, dl_dst = 0;
    std::uint32_t nw_src = 0, nw_dst = 0;
    std::uint16_t vlan_tci = 0, tp_src = 0, tp_dst = 0;
    std::uint8_t nw_tos = 0;
    bool operator==(const Fields&) const = default;
  };
  static Fields writable(const FlowKey& k) {
    return {k.dl_src, k.dl_dst, k.nw_src, k.nw_dst, k.vlan_tci, k.tp_src, k.tp_dst, k.nw_tos};
  }

  void own_copy();
  void write(const Fields& wanted);
  void write_vlan(std::uint16_t tci);
  void write_network(const Fields& wanted);
  void write_transport(const Fields& wanted);
  void change_address(std::size_t offset_in_ip, std::uint32_t from, std::uint32_t to);
  void change_port(std::size_t offset_in_l4, std::uint16_t from, std::uint16_t to);
  void adjust_transport_checksum(std::uint16_t from, std::uint16_t to);
  std::uint8_t* ip() const;
  std::uint8_t* l4() const;

  ByteView view_;
  Bytes& scratch_;
  const Packet& packet_;
  bool copied_ = false, changed_ = false;
  Fields written_;
};

}  // namespace oftwin::sim

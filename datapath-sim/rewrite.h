// A frame on its way through an action list.
//
// Rewrites are gathered and reach the bytes only at the next output: then each field whose wanted value differs from
// the one in the frame is changed, checksums with it. A field that was changed and changed back leaves no trace.
// Invariant: `now_` is what the bytes say, `wanted_` what the actions asked for.
#pragma once

#include <cstdint>

#include "datapath-sim/packet.h"
#include "spec/bytes.h"

namespace oftwin::sim {

class Rewriter {
 public:
  // `frame` and `scratch` outlive this; the frame is copied to `scratch` when it is first changed.
  Rewriter(ByteView frame, const Packet& packet, Bytes& scratch);

  void set_vlan_vid(std::uint16_t vid);  // 0 to 4095
  void set_vlan_pcp(std::uint8_t pcp);   // 0 to 7
  void strip_vlan();
  void set_dl_src(std::uint64_t address);
  void set_dl_dst(std::uint64_t address);
  // No effect without a well-formed IPv4 header.
  void set_nw_src(std::uint32_t address);
  void set_nw_dst(std::uint32_t address);
  void set_nw_tos(std::uint8_t tos);  // low two bits 0
  // No effect without a complete TCP or UDP header in an IPv4 packet that is no fragment.
  void set_tp_src(std::uint16_t port);
  void set_tp_dst(std::uint16_t port);

  // The bytes as they are now; valid until the next call.
  ByteView frame();
  // From now on the frame is what `packet` says: it was parsed from frame().
  void restart(const Packet& packet);

 private:
  struct Fields {
    std::uint64_t dl_src = 0, dl_dst = 0;
    std::uint32_t nw_src = 0, nw_dst = 0;
    std::uint16_t vlan_tci = 0, tp_src = 0, tp_dst = 0;
    std::uint8_t nw_tos = 0;
    bool operator==(const Fields&) const = default;
  };

  void own_copy();
  void commit();
  void commit_vlan();
  void commit_network();
  void commit_transport();
  void change_address(std::size_t offset_in_ip, std::uint32_t from, std::uint32_t to);
  void change_port(std::size_t offset_in_l4, std::uint16_t from, std::uint16_t to);
  void adjust_transport_checksum(std::uint16_t from, std::uint16_t to);
  std::uint8_t* ip() const;
  std::uint8_t* l4() const;

  ByteView view_;
  Bytes& scratch_;
  bool copied_ = false;
  std::size_t origin_ = 0;       // where in the copy the frame began when it was parsed
  std::size_t l3_ = 0, l4_ = 0;  // as in Packet, counted from there
  Packet::Transport transport_ = Packet::Transport::none;
  Fields now_, wanted_;
};

}  // namespace oftwin::sim

// How the recorded switch (Open vSwitch 3.1) reads frames where it does otherwise than the law.
//
// Each label is one point in which that switch differs from the law, in this or in the later steps (packets_rules.h:
// which rules it accepts; packets_prediction.h: what actions do). What happens to a frame is predicted from the model's
// own functions with any set of labels in force. A recorded difference is covered by labels only if the prediction with
// exactly these gives what was recorded; nothing is forgiven that is not predicted. Only where that switch writes
// checksums and ports that the law never touches (ICMP, SCTP, IPv6), the few bytes concerned are left open.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/packet.h"
#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

enum class PacketLabel : std::uint8_t {
  short_frame,
  dot1ad_tag,
  ipv4_total_length,
  ipv4_padding,
  ipv4_protocol_zero,
  short_icmp,
  tcp_data_offset,
  fragment_transport,
  icmp_rewrite,
  sctp_ports,
  arp_opcode,
  ipv6_in_openflow10_match,
  ipv6_rewrite,
  whole_request_in_error,
  nxm_masks,
  nxm_value_outside_mask,
  nicira_action_errors,
  first_error,
  writable_fields,
  set_on_other_packets,
  strip_without_tag,
  resubmit_depth,
  resubmit_in_port,
  five_registers,
};
inline constexpr std::array kPacketLabelNames = std::to_array<std::string_view>({"short-frame",
                                                                                 "dot1ad-tag",
                                                                                 "ipv4-total-length",
                                                                                 "ipv4-padding",
                                                                                 "ipv4-protocol-zero",
                                                                                 "short-icmp",
                                                                                 "tcp-data-offset",
                                                                                 "fragment-transport",
                                                                                 "icmp-rewrite",
                                                                                 "sctp-ports",
                                                                                 "arp-opcode",
                                                                                 "ipv6-in-openflow10-match",
                                                                                 "ipv6-rewrite",
                                                                                 "whole-request-in-error",
                                                                                 "nxm-masks",
                                                                                 "nxm-value-outside-mask",
                                                                                 "nicira-action-errors",
                                                                                 "first-error",
                                                                                 "writable-fields",
                                                                                 "set-on-other-packets",
                                                                                 "strip-without-tag",
                                                                                 "resubmit-depth",
                                                                                 "resubmit-in-port",
                                                                                 "five-registers"});
inline constexpr std::size_t kPacketLabels = kPacketLabelNames.size();
using PacketLabels = std::bitset<kPacketLabels>;
inline bool has(PacketLabels labels, PacketLabel label) { return labels[static_cast<std::size_t>(label)]; }
inline PacketLabels only(PacketLabel label) { return PacketLabels{}.set(static_cast<std::size_t>(label)); }

// Bytes that may differ; counted from the end of the frame, where tags move nothing.
struct OpenBytes {
  std::size_t from_end = 0, size = 0;
};

// A frame as it is read with some labels in force.
class FrameReading {
 public:
  FrameReading(std::uint16_t in_port, ByteView arrived, PacketLabels in_force);

  Bytes frame;
  bool whole = true;  // at least an Ethernet header
  bool dot1ad = false;
  FlowKey key;  // for the actions; a match sees no transport ports if `ports_hidden`
  bool ports_hidden = false;
  std::optional<std::size_t> ipv4, transport;
  bool ports_settable = true;          // else they are never written: `transport` is there for its checksum only
  bool later_fragment = false;         // one that has no ports even for moves and loads
  std::optional<std::size_t> network;  // of ARP, also of what is no whole ARP, or IPv6
  std::vector<OpenBytes> open_to_tos, open_to_ports, open_to_network;

 private:
  bool on(PacketLabel label) const { return has(in_force_, label); }
  void set_ports(std::uint16_t src, std::uint16_t dst);
  void open(std::vector<OpenBytes>& list, std::size_t at, std::size_t size) const;
  void read_ipv4(bool fragment);
  void read_fragment(ByteView segment, bool later);
  void read_transport(ByteView all, ByteView segment);
  void drop_transport();
  void read_arp();
  void read_ipv6();

  PacketLabels in_force_;
};

// Whether `recorded` is what was predicted, but for the open bytes.
bool equal_but_open(ByteView predicted, ByteView recorded, const std::vector<OpenBytes>& open);

}  // namespace oftwin::harness

// How the recorded switch (Open vSwitch 3.1) reads and rewrites frames where it does otherwise than the law.
//
// Each label is one such point. What a rule does to a frame is predicted twice from the model's own functions: as the
// law has it, and with some labels in force. A recorded difference is covered by labels only if the prediction with
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

#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

enum class PacketLabel : std::uint8_t {
  short_frame,
  dot1ad_tag,
  ipv4_total_length,
  ipv4_padding,
  ipv4_protocol_zero,
  tcp_data_offset,
  fragment_transport,
  icmp_rewrite,
  sctp_ports,
  arp_opcode,
  ipv6_in_openflow10_match,
  ipv6_rewrite,
  whole_request_in_error,
};
inline constexpr std::array kPacketLabelNames = std::to_array<std::string_view>(
    {"short-frame", "dot1ad-tag", "ipv4-total-length", "ipv4-padding", "ipv4-protocol-zero", "tcp-data-offset",
     "fragment-transport", "icmp-rewrite", "sctp-ports", "arp-opcode", "ipv6-in-openflow10-match", "ipv6-rewrite",
     "whole-request-in-error"});
inline constexpr std::size_t kPacketLabels = kPacketLabelNames.size();
using PacketLabels = std::bitset<kPacketLabels>;

// A rule that was accepted.
struct PacketRule {
  Match sent;   // as the message has it
  Match match;  // as the law has it: normalized
  std::uint32_t priority = 0;
  Bytes actions;
};

// Bytes that may differ; counted from the end of the frame, where tags move nothing.
struct OpenBytes {
  std::size_t from_end = 0, size = 0;
};

struct PacketPrediction {
  bool looked_up = true;
  std::optional<std::size_t> rule;  // nullopt: a miss
  std::vector<Bytes> frames;        // that go to the controller, in order
  std::vector<OpenBytes> open;
  PacketLabels applied;  // of those in force, the ones that this frame or these rules are a case of
};

PacketPrediction predict(const std::vector<PacketRule>& rules, std::uint16_t in_port, ByteView frame,
                         PacketLabels in_force);

// Whether `recorded` is what was predicted, but for the open bytes.
bool equal_but_open(ByteView predicted, ByteView recorded, const std::vector<OpenBytes>& open);

}  // namespace oftwin::harness

// The Nicira extensions of mid-2011: constants and wire layouts. source: Open vSwitch's nicira-ext.h of July 2011.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/openflow.h"

namespace oftwin {

inline constexpr std::uint32_t NX_VENDOR_ID = 0x00002320;

enum NxtSubtype : std::uint32_t {
  NXT_ROLE_REQUEST = 10,
  NXT_ROLE_REPLY = 11,
  NXT_SET_FLOW_FORMAT = 12,
  NXT_FLOW_MOD = 13,
  NXT_FLOW_REMOVED = 14,
  NXT_FLOW_MOD_TABLE_ID = 15,
};
enum NxstSubtype : std::uint32_t { NXST_FLOW = 0, NXST_AGGREGATE = 1 };
// Subtypes of actions of type OFPAT_VENDOR. 0 and 3 are no longer in use.
enum NxActionSubtype : std::uint16_t {
  NXAST_RESUBMIT = 1,
  NXAST_SET_TUNNEL = 2,
  NXAST_SET_QUEUE = 4,
  NXAST_POP_QUEUE = 5,
  NXAST_REG_MOVE = 6,
  NXAST_REG_LOAD = 7,
  NXAST_NOTE = 8,
  NXAST_SET_TUNNEL64 = 9,
  NXAST_MULTIPATH = 10,
  NXAST_AUTOPATH = 11,
  NXAST_BUNDLE = 12,
  NXAST_BUNDLE_LOAD = 13,
  NXAST_RESUBMIT_TABLE = 14,  // of August 2011
};
enum NxHashFields : std::uint16_t { NX_HASH_FIELDS_ETH_SRC = 0, NX_HASH_FIELDS_SYMMETRIC_L4 = 1 };
enum NxMultipathAlgorithm : std::uint16_t {
  NX_MP_ALG_MODULO_N = 0,
  NX_MP_ALG_HASH_THRESHOLD = 1,
  NX_MP_ALG_HRW = 2,
  NX_MP_ALG_ITER_HASH = 3,
};
enum NxBundleAlgorithm : std::uint16_t { NX_BD_ALG_ACTIVE_BACKUP = 0, NX_BD_ALG_HRW = 1 };
inline constexpr std::uint16_t NX_BUNDLE_MAX_SLAVES = 2048;
enum NxRole : std::uint32_t { NX_ROLE_OTHER = 0, NX_ROLE_MASTER = 1, NX_ROLE_SLAVE = 2 };
enum NxFlowFormat : std::uint32_t { NXFF_OPENFLOW10 = 0, NXFF_NXM = 2 };

// A vendor error: OFPT_ERROR of this type and code 0, then vendor, type and code, then the request.
inline constexpr std::uint16_t NXET_VENDOR = 0xb0c2;
inline constexpr std::uint16_t NXVC_VENDOR_ERROR = 0;
enum NxBadRequestCode : std::uint16_t {
  NXBRC_NXM_INVALID = 0x100,
  NXBRC_NXM_BAD_TYPE = 0x101,
  NXBRC_NXM_BAD_VALUE = 0x102,
  NXBRC_NXM_BAD_MASK = 0x103,
  NXBRC_NXM_BAD_PREREQ = 0x104,
  NXBRC_NXM_DUP_TYPE = 0x105,
  NXBRC_BAD_TABLE_ID = 0x200,  // these three: of September 2011 (errata E-18, E-24, E-26)
  NXBRC_BAD_ROLE = 0x201,
  NXBRC_BAD_IN_PORT = 0x202,
};
enum NxFlowModFailedCode : std::uint16_t { NXFMFC_HARDWARE = 0x100, NXFMFC_BAD_TABLE_ID = 0x101 };

// The types of NXM entries: vendor << 7 | field. In parentheses the size of a value in bytes, whether it may have a
// mask, and what must be matched before: an Ethernet type (IP: 0x0800; IPv6: 0x86dd; ARP: 0x0806), a protocol.
enum NxmType : std::uint32_t {
  NXM_OF_IN_PORT = 0,                // (2)
  NXM_OF_ETH_DST = 1,                // (6, mask)
  NXM_OF_ETH_SRC = 2,                // (6)
  NXM_OF_ETH_TYPE = 3,               // (2)
  NXM_OF_VLAN_TCI = 4,               // (2, mask)
  NXM_OF_IP_TOS = 5,                 // (1; IP or IPv6)
  NXM_OF_IP_PROTO = 6,               // (1; IP or IPv6)
  NXM_OF_IP_SRC = 7,                 // (4, mask; IP)
  NXM_OF_IP_DST = 8,                 // (4, mask; IP)
  NXM_OF_TCP_SRC = 9,                // (2; IP or IPv6, protocol 6)
  NXM_OF_TCP_DST = 10,               // (2; IP or IPv6, protocol 6)
  NXM_OF_UDP_SRC = 11,               // (2; IP or IPv6, protocol 17)
  NXM_OF_UDP_DST = 12,               // (2; IP or IPv6, protocol 17)
  NXM_OF_ICMP_TYPE = 13,             // (1; IP, protocol 1)
  NXM_OF_ICMP_CODE = 14,             // (1; IP, protocol 1)
  NXM_OF_ARP_OP = 15,                // (2; ARP)
  NXM_OF_ARP_SPA = 16,               // (4, mask; ARP)
  NXM_OF_ARP_TPA = 17,               // (4, mask; ARP)
  NXM_NX_REG0 = 1 << 7 | 0,          // (4, mask); registers 1 to 3 follow
  NXM_NX_TUN_ID = 1 << 7 | 16,       // (8, mask)
  NXM_NX_ARP_SHA = 1 << 7 | 17,      // (6; ARP)
  NXM_NX_ARP_THA = 1 << 7 | 18,      // (6; ARP)
  NXM_NX_IPV6_SRC = 1 << 7 | 19,     // (16, mask; IPv6)
  NXM_NX_IPV6_DST = 1 << 7 | 20,     // (16, mask; IPv6)
  NXM_NX_ICMPV6_TYPE = 1 << 7 | 21,  // (1; IPv6, protocol 58)
  NXM_NX_ICMPV6_CODE = 1 << 7 | 22,  // (1; IPv6, protocol 58)
  NXM_NX_ND_TARGET = 1 << 7 | 23,    // (16; IPv6, protocol 58, ICMPv6 type 135 or 136)
  NXM_NX_ND_SLL = 1 << 7 | 24,       // (6; IPv6, protocol 58, ICMPv6 type 135)
  NXM_NX_ND_TLL = 1 << 7 | 25,       // (6; IPv6, protocol 58, ICMPv6 type 136)
};

namespace wire {

namespace vendor_msg {
inline constexpr Field vendor{8, 4}, subtype{12, 4};
inline constexpr std::size_t vendor_size = 12;
inline constexpr std::size_t nicira_size = 16;
}  // namespace vendor_msg

namespace nx_vendor_error {  // from the start of the error message
inline constexpr Field vendor{12, 4}, type{16, 2}, code{18, 2};
inline constexpr std::size_t size = 20;  // then the request
}  // namespace nx_vendor_error

// An action of vendor Nicira. A range of bits of a field is one number: offset << 6 | (bits - 1). Fields are named by
// the header of their NXM entry: type << 9 | length in bytes.
namespace nx_action {
inline constexpr Field subtype{8, 2};
inline constexpr std::size_t smallest = 16;
inline constexpr Field resubmit_in_port{10, 2}, resubmit_table{12, 1}, resubmit_pad{13, 3};          // len 16
inline constexpr Field tun_id32{12, 4};                                                              // len 16
inline constexpr Field queue_id{12, 4};                                                              // len 16
inline constexpr Field tun_id64{16, 8};                                                              // len 24
inline constexpr Field move_n_bits{10, 2}, move_src_ofs{12, 2}, move_dst_ofs{14, 2};                 // len 24
inline constexpr Field move_src{16, 4}, move_dst{20, 4};                                             // len 24
inline constexpr Field load_ofs_nbits{10, 2}, load_dst{12, 4}, load_value{16, 8};                    // len 24
inline constexpr Field autopath_ofs_nbits{10, 2}, autopath_dst{12, 4}, autopath_id{16, 4};           // len 24
inline constexpr Field multipath_fields{10, 2}, multipath_basis{12, 2}, multipath_algorithm{16, 2};  // len 32
inline constexpr Field multipath_max_link{18, 2}, multipath_arg{20, 4}, multipath_ofs_nbits{26, 2};  // len 32
inline constexpr Field multipath_dst{28, 4};                                                         // len 32
inline constexpr Field bundle_algorithm{10, 2}, bundle_fields{12, 2}, bundle_basis{14, 2};           // len 32
inline constexpr Field bundle_slave_type{16, 4}, bundle_n_slaves{20, 2}, bundle_ofs_nbits{22, 2};    // or more
inline constexpr Field bundle_dst{24, 4}, bundle_zero{28, 4};
inline constexpr std::size_t bundle_slaves = 32;  // here n_slaves port numbers of 2 bytes begin
inline constexpr std::size_t note = 10;           // here the bytes of a note begin; len 16 or more
}  // namespace nx_action

namespace nx_role {  // request and reply
inline constexpr Field role{16, 4};
inline constexpr std::size_t size = 20;
}  // namespace nx_role

namespace nx_flow_mod_table_id {
inline constexpr Field set{16, 1}, pad{17, 7};
inline constexpr std::size_t size = 24;
}  // namespace nx_flow_mod_table_id

namespace nx_set_flow_format {
inline constexpr Field format{16, 4};
inline constexpr std::size_t size = 20;
}  // namespace nx_set_flow_format

// Where `match_len` stands: the match follows, padded with zeros to a multiple of 8, then the actions, if there are
// any.
namespace nx_flow_mod {
inline constexpr Field cookie{16, 8}, command{24, 2}, idle_timeout{26, 2}, hard_timeout{28, 2}, priority{30, 2};
inline constexpr Field buffer_id{32, 4}, out_port{36, 2}, flags{38, 2}, match_len{40, 2}, pad{42, 6};
inline constexpr std::size_t size = 48;
}  // namespace nx_flow_mod

namespace nx_flow_removed {
inline constexpr Field cookie{16, 8}, priority{24, 2}, reason{26, 1}, pad{27, 1}, duration_sec{28, 4};
inline constexpr Field duration_nsec{32, 4}, idle_timeout{36, 2}, match_len{38, 2}, packet_count{40, 8};
inline constexpr Field byte_count{48, 8};
inline constexpr FlowFields flow{cookie, priority, duration_sec, duration_nsec, idle_timeout, packet_count, byte_count};
inline constexpr std::size_t size = 56;
}  // namespace nx_flow_removed

namespace nx_stats_msg {
inline constexpr Field vendor{12, 4}, subtype{16, 4}, pad{20, 4};
inline constexpr std::size_t size = 24;
}  // namespace nx_stats_msg

namespace nx_flow_stats_request {  // and nx_aggregate_stats_request, whole messages
inline constexpr Field out_port{24, 2}, match_len{26, 2}, table_id{28, 1}, pad{29, 3};
inline constexpr std::size_t size = 32;
}  // namespace nx_flow_stats_request

namespace nx_flow_stats {  // one record
inline constexpr Field length{0, 2}, table_id{2, 1}, pad{3, 1}, duration_sec{4, 4}, duration_nsec{8, 4};
inline constexpr Field priority{12, 2}, idle_timeout{14, 2}, hard_timeout{16, 2}, match_len{18, 2}, pad2{20, 4};
inline constexpr Field cookie{24, 8}, packet_count{32, 8}, byte_count{40, 8};
inline constexpr FlowFields flow{cookie, priority, duration_sec, duration_nsec, idle_timeout, packet_count, byte_count};
inline constexpr std::size_t size = 48;
inline constexpr std::size_t longest_match = 256;  // the room that a record's match is given in a reply
}  // namespace nx_flow_stats

namespace nx_aggregate_stats {  // after nx_stats_msg
inline constexpr Field packet_count{0, 8}, byte_count{8, 8}, flow_count{16, 4}, pad{20, 4};
inline constexpr std::size_t size = 24;
}  // namespace nx_aggregate_stats

}  // namespace wire
}  // namespace oftwin

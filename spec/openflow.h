// OpenFlow 1.0 and Nicira numbers as they stand on the wire. Constants and layouts only; no decoding or encoding.
//
// source: OpenFlow Switch Specification 1.0.0 section 5; nicira-ext.h of July 2011. Names are the standard's, in lower
// case, without their prefix. Everything on the wire is big-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace oftwin::wire {

inline constexpr std::uint8_t kVersion = 0x01;
inline constexpr std::size_t kHeaderLen = 8;  // version, type, length(2), xid(4)
inline constexpr std::size_t kErrorDataMax = 64;
inline constexpr std::uint32_t kNoBuffer = 0xffffffff;

enum Type : std::uint8_t {
  hello = 0,
  error = 1,
  echo_request = 2,
  echo_reply = 3,
  vendor = 4,
  features_request = 5,
  features_reply = 6,
  get_config_request = 7,
  get_config_reply = 8,
  set_config = 9,
  packet_in = 10,
  flow_removed = 11,
  port_status = 12,
  packet_out = 13,
  flow_mod = 14,
  port_mod = 15,
  stats_request = 16,
  stats_reply = 17,
  barrier_request = 18,
  barrier_reply = 19,
  queue_get_config_request = 20,
  queue_get_config_reply = 21,
};

// Lengths in bytes, header included where there is one.
inline constexpr std::size_t kMatchLen = 40;
inline constexpr std::size_t kPhyPortLen = 48;
inline constexpr std::size_t kFlowModLen = 72;      // without actions
inline constexpr std::size_t kPacketOutLen = 16;    // without actions and data
inline constexpr std::size_t kPacketInLen = 18;     // without data (the struct's padding is not sent)
inline constexpr std::size_t kFlowRemovedLen = 88;  //
inline constexpr std::size_t kPortStatusLen = 64;   //
inline constexpr std::size_t kPortModLen = 32;      //
inline constexpr std::size_t kSwitchConfigLen = 12;
inline constexpr std::size_t kFeaturesReplyLen = 32;  // without ports
inline constexpr std::size_t kErrorLen = 12;          // without data
inline constexpr std::size_t kVendorLen = 12;         // header and vendor
inline constexpr std::size_t kStatsLen = 12;          // request and reply, without body
inline constexpr std::size_t kFlowStatsRequestBody = 44;
inline constexpr std::size_t kFlowStatsLen = 88;  // one record, without actions
inline constexpr std::size_t kAggregateStatsLen = 24;
inline constexpr std::size_t kTableStatsLen = 64;
inline constexpr std::size_t kPortStatsLen = 104;
inline constexpr std::size_t kQueueStatsLen = 32;
inline constexpr std::size_t kDescStatsLen = 1056;  // 256, 256, 256, 32, 256

// Match (offsets): wildcards 0, in_port 4, dl_src 6, dl_dst 12, dl_vlan 18, dl_vlan_pcp 20, pad 21, dl_type 22,
// nw_tos 24, nw_proto 25, pad 26, nw_src 28, nw_dst 32, tp_src 36, tp_dst 38.
enum Wildcard : std::uint32_t {
  w_in_port = 1u << 0,
  w_dl_vlan = 1u << 1,
  w_dl_src = 1u << 2,
  w_dl_dst = 1u << 3,
  w_dl_type = 1u << 4,
  w_nw_proto = 1u << 5,
  w_tp_src = 1u << 6,
  w_tp_dst = 1u << 7,
  w_nw_src_all = 32u << 8,
  w_nw_src_mask = 63u << 8,
  w_nw_dst_all = 32u << 14,
  w_nw_dst_mask = 63u << 14,
  w_dl_vlan_pcp = 1u << 20,
  w_nw_tos = 1u << 21,
  w_all = (1u << 22) - 1,
};
inline constexpr unsigned kNwSrcShift = 8, kNwDstShift = 14;
inline constexpr std::uint16_t kVlanNone = 0xffff;
inline constexpr std::uint16_t kDlTypeNotEth = 0x05ff;

enum Command : std::uint16_t { add = 0, modify = 1, modify_strict = 2, remove = 3, remove_strict = 4 };
enum FlowModFlag : std::uint16_t { send_flow_rem = 1, check_overlap = 2, emerg = 4 };

enum Action : std::uint16_t {
  a_output = 0,
  a_set_vlan_vid = 1,
  a_set_vlan_pcp = 2,
  a_strip_vlan = 3,
  a_set_dl_src = 4,
  a_set_dl_dst = 5,
  a_set_nw_src = 6,
  a_set_nw_dst = 7,
  a_set_nw_tos = 8,
  a_set_tp_src = 9,
  a_set_tp_dst = 10,
  a_enqueue = 11,
  a_vendor = 0xffff,
};

enum Port : std::uint16_t {
  p_max = 0xff00,
  p_in_port = 0xfff8,
  p_table = 0xfff9,
  p_normal = 0xfffa,
  p_flood = 0xfffb,
  p_all = 0xfffc,
  p_controller = 0xfffd,
  p_local = 0xfffe,
  p_none = 0xffff,
};

enum PortConfigBit : std::uint32_t {
  pc_port_down = 1u << 0,
  pc_no_stp = 1u << 1,
  pc_no_recv = 1u << 2,
  pc_no_recv_stp = 1u << 3,
  pc_no_flood = 1u << 4,
  pc_no_fwd = 1u << 5,
  pc_no_packet_in = 1u << 6,
};
enum PortStateBit : std::uint32_t { ps_link_down = 1u << 0, ps_stp_mask = 3u << 8 };

enum StatsType : std::uint16_t {
  s_desc = 0,
  s_flow = 1,
  s_aggregate = 2,
  s_table = 3,
  s_port = 4,
  s_queue = 5,
  s_vendor = 0xffff
};
enum StatsReplyFlag : std::uint16_t { reply_more = 1 };

enum FlowRemovedReason : std::uint8_t { fr_idle_timeout = 0, fr_hard_timeout = 1, fr_delete = 2 };

enum ErrorType : std::uint16_t {
  e_hello_failed = 0,
  e_bad_request = 1,
  e_bad_action = 2,
  e_flow_mod_failed = 3,
  e_port_mod_failed = 4,
  e_queue_op_failed = 5,
  e_vendor = 0xb0c2,  // Nicira: the vendor, type and code follow
};
enum BadRequest : std::uint16_t {
  br_bad_version,
  br_bad_type,
  br_bad_stat,
  br_bad_vendor,
  br_bad_subtype,
  br_eperm,
  br_bad_len,
  br_buffer_empty,
  br_buffer_unknown,
};
enum BadAction : std::uint16_t {
  ba_bad_type,
  ba_bad_len,
  ba_bad_vendor,
  ba_bad_vendor_type,
  ba_bad_out_port,
  ba_bad_argument,
  ba_eperm,
  ba_too_many,
  ba_bad_queue,
};
enum FlowModFailed : std::uint16_t {
  fm_all_tables_full,
  fm_overlap,
  fm_eperm,
  fm_bad_emerg_timeout,
  fm_bad_command,
  fm_unsupported,
};
enum PortModFailed : std::uint16_t { pm_bad_port, pm_bad_hw_addr };
enum QueueOpFailed : std::uint16_t { qo_bad_port, qo_bad_queue, qo_eperm };

// Nicira: vendor message = header, vendor(4), subtype(4), ...
inline constexpr std::uint32_t kNiciraVendor = 0x00002320;
inline constexpr std::size_t kNiciraLen = 16;
enum NiciraSubtype : std::uint32_t {
  nx_role_request = 10,
  nx_role_reply = 11,
  nx_set_flow_format = 12,
  nx_flow_mod = 13,
  nx_flow_removed = 14,
  nx_flow_mod_table_id = 15,
};
enum NiciraRole : std::uint32_t { role_other = 0, role_master = 1, role_slave = 2 };
enum NiciraFlowFormat : std::uint32_t { format_openflow10 = 0, format_nxm = 2 };
// Nicira error types and codes (behind e_vendor).
enum NiciraError : std::uint16_t { nxe_bad_request = 1, nxe_flow_mod_failed = 3, nxe_bad_table_id = 0x101 };

}  // namespace oftwin::wire

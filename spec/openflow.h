// OpenFlow 1.0: constants and wire layouts. source: OpenFlow Switch Specification 1.0.0 (wire protocol 0x01),
// section 5.
//
// Layouts are tables of fields (offset and size in bytes from the start of the structure; everything is big endian),
// used by both decoders and both encoders, so that only the reading of a table can differ, never the table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace oftwin {

inline constexpr std::uint8_t OFP_VERSION = 0x01;
inline constexpr std::uint16_t OFP_DL_TYPE_NOT_ETH_TYPE = 0x05ff;
inline constexpr std::uint16_t OFP_VLAN_NONE = 0xffff;
inline constexpr std::uint32_t OFP_NO_BUFFER = 0xffffffff;
inline constexpr std::uint8_t OFP_ALL_TABLES = 0xff;
inline constexpr std::uint8_t OFP_EMERGENCY_TABLE = 0xfe;  // in statistics requests
inline constexpr std::uint16_t OFP_DEFAULT_PRIORITY = 0x8000;
inline constexpr std::uint16_t OFP_DEFAULT_MISS_SEND_LEN = 128;
inline constexpr std::size_t OFP_MAX_TABLE_NAME_LEN = 32;
inline constexpr std::size_t OFP_MAX_PORT_NAME_LEN = 16;
inline constexpr std::size_t OFP_ERROR_REQUEST_BYTES = 64;  // of the request, in an error message

enum OfpType : std::uint8_t {
  OFPT_HELLO = 0,
  OFPT_ERROR = 1,
  OFPT_ECHO_REQUEST = 2,
  OFPT_ECHO_REPLY = 3,
  OFPT_VENDOR = 4,
  OFPT_FEATURES_REQUEST = 5,
  OFPT_FEATURES_REPLY = 6,
  OFPT_GET_CONFIG_REQUEST = 7,
  OFPT_GET_CONFIG_REPLY = 8,
  OFPT_SET_CONFIG = 9,
  OFPT_PACKET_IN = 10,
  OFPT_FLOW_REMOVED = 11,
  OFPT_PORT_STATUS = 12,
  OFPT_PACKET_OUT = 13,
  OFPT_FLOW_MOD = 14,
  OFPT_PORT_MOD = 15,
  OFPT_STATS_REQUEST = 16,
  OFPT_STATS_REPLY = 17,
  OFPT_BARRIER_REQUEST = 18,
  OFPT_BARRIER_REPLY = 19,
  OFPT_QUEUE_GET_CONFIG_REQUEST = 20,
  OFPT_QUEUE_GET_CONFIG_REPLY = 21,
};

enum OfpPort : std::uint16_t {
  OFPP_MAX = 0xff00,
  OFPP_IN_PORT = 0xfff8,
  OFPP_TABLE = 0xfff9,
  OFPP_NORMAL = 0xfffa,
  OFPP_FLOOD = 0xfffb,
  OFPP_ALL = 0xfffc,
  OFPP_CONTROLLER = 0xfffd,
  OFPP_LOCAL = 0xfffe,
  OFPP_NONE = 0xffff,
};

enum OfpPortConfig : std::uint32_t {
  OFPPC_PORT_DOWN = 1 << 0,
  OFPPC_NO_STP = 1 << 1,
  OFPPC_NO_RECV = 1 << 2,
  OFPPC_NO_RECV_STP = 1 << 3,
  OFPPC_NO_FLOOD = 1 << 4,
  OFPPC_NO_FWD = 1 << 5,
  OFPPC_NO_PACKET_IN = 1 << 6,
};
enum OfpPortState : std::uint32_t { OFPPS_LINK_DOWN = 1 << 0 };

enum OfpCapabilities : std::uint32_t {
  OFPC_FLOW_STATS = 1 << 0,
  OFPC_TABLE_STATS = 1 << 1,
  OFPC_PORT_STATS = 1 << 2,
  OFPC_STP = 1 << 3,
  OFPC_IP_REASM = 1 << 5,
  OFPC_QUEUE_STATS = 1 << 6,
  OFPC_ARP_MATCH_IP = 1 << 7,
};

enum OfpConfigFlags : std::uint16_t {
  OFPC_FRAG_NORMAL = 0,
  OFPC_FRAG_DROP = 1,
  OFPC_FRAG_REASM = 2,
  OFPC_FRAG_MASK = 3
};

enum OfpFlowWildcards : std::uint32_t {
  OFPFW_IN_PORT = 1 << 0,
  OFPFW_DL_VLAN = 1 << 1,
  OFPFW_DL_SRC = 1 << 2,
  OFPFW_DL_DST = 1 << 3,
  OFPFW_DL_TYPE = 1 << 4,
  OFPFW_NW_PROTO = 1 << 5,
  OFPFW_TP_SRC = 1 << 6,
  OFPFW_TP_DST = 1 << 7,
  OFPFW_NW_SRC_SHIFT = 8,
  OFPFW_NW_DST_SHIFT = 14,
  OFPFW_NW_BITS_MASK = 0x3f,  // after shifting: how many low address bits are wildcarded; 32 to 63: all
  OFPFW_DL_VLAN_PCP = 1 << 20,
  OFPFW_NW_TOS = 1 << 21,
  OFPFW_ALL = (1 << 22) - 1,
};

enum OfpFlowModCommand : std::uint16_t {
  OFPFC_ADD = 0,
  OFPFC_MODIFY = 1,
  OFPFC_MODIFY_STRICT = 2,
  OFPFC_DELETE = 3,
  OFPFC_DELETE_STRICT = 4,
};
enum OfpFlowModFlags : std::uint16_t {
  OFPFF_SEND_FLOW_REM = 1 << 0,
  OFPFF_CHECK_OVERLAP = 1 << 1,
  OFPFF_EMERG = 1 << 2
};
enum OfpFlowRemovedReason : std::uint8_t { OFPRR_IDLE_TIMEOUT = 0, OFPRR_HARD_TIMEOUT = 1, OFPRR_DELETE = 2 };
enum OfpPacketInReason : std::uint8_t { OFPR_NO_MATCH = 0, OFPR_ACTION = 1 };
enum OfpPortReason : std::uint8_t { OFPPR_ADD = 0, OFPPR_DELETE = 1, OFPPR_MODIFY = 2 };

enum OfpActionType : std::uint16_t {
  OFPAT_OUTPUT = 0,
  OFPAT_SET_VLAN_VID = 1,
  OFPAT_SET_VLAN_PCP = 2,
  OFPAT_STRIP_VLAN = 3,
  OFPAT_SET_DL_SRC = 4,
  OFPAT_SET_DL_DST = 5,
  OFPAT_SET_NW_SRC = 6,
  OFPAT_SET_NW_DST = 7,
  OFPAT_SET_NW_TOS = 8,
  OFPAT_SET_TP_SRC = 9,
  OFPAT_SET_TP_DST = 10,
  OFPAT_ENQUEUE = 11,
  OFPAT_VENDOR = 0xffff,
};

enum OfpStatsType : std::uint16_t {
  OFPST_DESC = 0,
  OFPST_FLOW = 1,
  OFPST_AGGREGATE = 2,
  OFPST_TABLE = 3,
  OFPST_PORT = 4,
  OFPST_QUEUE = 5,
  OFPST_VENDOR = 0xffff,
};
enum OfpStatsFlags : std::uint16_t { OFPSF_REPLY_MORE = 1 };
inline constexpr std::uint32_t OFPQ_ALL = 0xffffffff;

enum OfpErrorType : std::uint16_t {
  OFPET_HELLO_FAILED = 0,
  OFPET_BAD_REQUEST = 1,
  OFPET_BAD_ACTION = 2,
  OFPET_FLOW_MOD_FAILED = 3,
  OFPET_PORT_MOD_FAILED = 4,
  OFPET_QUEUE_OP_FAILED = 5,
};
enum OfpHelloFailedCode : std::uint16_t { OFPHFC_INCOMPATIBLE = 0, OFPHFC_EPERM = 1 };
enum OfpBadRequestCode : std::uint16_t {
  OFPBRC_BAD_VERSION = 0,
  OFPBRC_BAD_TYPE = 1,
  OFPBRC_BAD_STAT = 2,
  OFPBRC_BAD_VENDOR = 3,
  OFPBRC_BAD_SUBTYPE = 4,
  OFPBRC_EPERM = 5,
  OFPBRC_BAD_LEN = 6,
  OFPBRC_BUFFER_EMPTY = 7,
  OFPBRC_BUFFER_UNKNOWN = 8,
  OFPBRC_BAD_ROLE = 0xffff,  // not in the standard: what the original sends for an unknown role
};
enum OfpBadActionCode : std::uint16_t {
  OFPBAC_BAD_TYPE = 0,
  OFPBAC_BAD_LEN = 1,
  OFPBAC_BAD_VENDOR = 2,
  OFPBAC_BAD_VENDOR_TYPE = 3,
  OFPBAC_BAD_OUT_PORT = 4,
  OFPBAC_BAD_ARGUMENT = 5,
  OFPBAC_EPERM = 6,
  OFPBAC_TOO_MANY = 7,
  OFPBAC_BAD_QUEUE = 8,
};
enum OfpFlowModFailedCode : std::uint16_t {
  OFPFMFC_ALL_TABLES_FULL = 0,
  OFPFMFC_OVERLAP = 1,
  OFPFMFC_EPERM = 2,
  OFPFMFC_BAD_EMERG_TIMEOUT = 3,
  OFPFMFC_BAD_COMMAND = 4,
  OFPFMFC_UNSUPPORTED = 5,
};
enum OfpPortModFailedCode : std::uint16_t { OFPPMFC_BAD_PORT = 0, OFPPMFC_BAD_HW_ADDR = 1 };
enum OfpQueueOpFailedCode : std::uint16_t { OFPQOFC_BAD_PORT = 0, OFPQOFC_BAD_QUEUE = 1, OFPQOFC_EPERM = 2 };

namespace wire {

struct Field {
  std::size_t offset;
  std::size_t size;
};

// Where a message or record that describes a flow has what all of them have.
struct FlowFields {
  Field cookie, priority, duration_sec, duration_nsec, idle_timeout, packet_count, byte_count;
};

namespace header {
inline constexpr Field version{0, 1}, type{1, 1}, length{2, 2}, xid{4, 4};
inline constexpr std::size_t size = 8;
}  // namespace header

namespace match {
inline constexpr Field wildcards{0, 4}, in_port{4, 2}, dl_src{6, 6}, dl_dst{12, 6}, dl_vlan{18, 2}, dl_vlan_pcp{20, 1},
    pad1{21, 1}, dl_type{22, 2}, nw_tos{24, 1}, nw_proto{25, 1}, pad2{26, 2}, nw_src{28, 4}, nw_dst{32, 4},
    tp_src{36, 2}, tp_dst{38, 2};
inline constexpr std::size_t size = 40;
}  // namespace match

namespace phy_port {
inline constexpr Field port_no{0, 2}, hw_addr{2, 6}, name{8, 16}, config{24, 4}, state{28, 4}, curr{32, 4},
    advertised{36, 4}, supported{40, 4}, peer{44, 4};
inline constexpr std::size_t size = 48;
}  // namespace phy_port

// From here on, offsets count from the start of the message, header included.
namespace error_msg {
inline constexpr Field type{8, 2}, code{10, 2};
inline constexpr std::size_t size = 12;  // then the request
}  // namespace error_msg

namespace switch_features {
inline constexpr Field datapath_id{8, 8}, n_buffers{16, 4}, n_tables{20, 1}, pad{21, 3}, capabilities{24, 4},
    actions{28, 4};
inline constexpr std::size_t size = 32;  // then ports
}  // namespace switch_features

namespace switch_config {
inline constexpr Field flags{8, 2}, miss_send_len{10, 2};
inline constexpr std::size_t size = 12;
}  // namespace switch_config

namespace flow_mod {
inline constexpr Field match{8, 40}, cookie{48, 8}, command{56, 2}, idle_timeout{58, 2}, hard_timeout{60, 2},
    priority{62, 2}, buffer_id{64, 4}, out_port{68, 2}, flags{70, 2};
inline constexpr std::size_t size = 72;  // then actions
}  // namespace flow_mod

namespace packet_out {
inline constexpr Field buffer_id{8, 4}, in_port{12, 2}, actions_len{14, 2};
inline constexpr std::size_t size = 16;  // then actions, then the frame
}  // namespace packet_out

namespace packet_in {
inline constexpr Field buffer_id{8, 4}, total_len{12, 2}, in_port{14, 2}, reason{16, 1}, pad{17, 1};
inline constexpr std::size_t size = 18;  // then the frame
}  // namespace packet_in

namespace flow_removed {
inline constexpr Field match{8, 40}, cookie{48, 8}, priority{56, 2}, reason{58, 1}, pad{59, 1}, duration_sec{60, 4},
    duration_nsec{64, 4}, idle_timeout{68, 2}, pad2{70, 2}, packet_count{72, 8}, byte_count{80, 8};
inline constexpr FlowFields flow{cookie, priority, duration_sec, duration_nsec, idle_timeout, packet_count, byte_count};
inline constexpr std::size_t size = 88;
}  // namespace flow_removed

namespace port_status {
inline constexpr Field reason{8, 1}, pad{9, 7}, desc{16, 48};
inline constexpr std::size_t size = 64;
}  // namespace port_status

namespace port_mod {
inline constexpr Field port_no{8, 2}, hw_addr{10, 6}, config{16, 4}, mask{20, 4}, advertise{24, 4}, pad{28, 4};
inline constexpr std::size_t size = 32;
}  // namespace port_mod

namespace stats_msg {  // request and reply alike
inline constexpr Field type{8, 2}, flags{10, 2};
inline constexpr std::size_t size = 12;  // then the body
}  // namespace stats_msg

namespace flow_stats_request {  // and aggregate
inline constexpr Field match{12, 40}, table_id{52, 1}, pad{53, 1}, out_port{54, 2};
inline constexpr std::size_t size = 56;
}  // namespace flow_stats_request

namespace port_stats_request {
inline constexpr Field port_no{12, 2}, pad{14, 6};
inline constexpr std::size_t size = 20;
}  // namespace port_stats_request

namespace queue_stats_request {
inline constexpr Field port_no{12, 2}, pad{14, 2}, queue_id{16, 4};
inline constexpr std::size_t size = 20;
}  // namespace queue_stats_request

namespace queue_get_config_request {
inline constexpr Field port{8, 2}, pad{10, 2};
inline constexpr std::size_t size = 12;
}  // namespace queue_get_config_request

namespace queue_get_config_reply {
inline constexpr Field port{8, 2}, pad{10, 6};
inline constexpr std::size_t size = 16;  // then queues
}  // namespace queue_get_config_reply

// A queue in such a reply: offsets count from its start; `len` counts its properties, too.
namespace packet_queue {
inline constexpr Field queue_id{0, 4}, len{4, 2}, pad{6, 2};
inline constexpr std::size_t size = 8;  // then properties
}  // namespace packet_queue

// Records of statistics replies: offsets count from the start of the record.
namespace desc_stats {
inline constexpr Field mfr_desc{0, 256}, hw_desc{256, 256}, sw_desc{512, 256}, serial_num{768, 32}, dp_desc{800, 256};
inline constexpr std::size_t size = 1056;
}  // namespace desc_stats

namespace flow_stats {
inline constexpr Field length{0, 2}, table_id{2, 1}, pad{3, 1}, match{4, 40}, duration_sec{44, 4}, duration_nsec{48, 4},
    priority{52, 2}, idle_timeout{54, 2}, hard_timeout{56, 2}, pad2{58, 6}, cookie{64, 8}, packet_count{72, 8},
    byte_count{80, 8};
inline constexpr FlowFields flow{cookie, priority, duration_sec, duration_nsec, idle_timeout, packet_count, byte_count};
inline constexpr std::size_t size = 88;  // then actions
}  // namespace flow_stats

namespace aggregate_stats {
inline constexpr Field packet_count{0, 8}, byte_count{8, 8}, flow_count{16, 4}, pad{20, 4};
inline constexpr std::size_t size = 24;
}  // namespace aggregate_stats

namespace table_stats {
inline constexpr Field table_id{0, 1}, pad{1, 3}, name{4, 32}, wildcards{36, 4}, max_entries{40, 4},
    active_count{44, 4}, lookup_count{48, 8}, matched_count{56, 8};
inline constexpr std::size_t size = 64;
}  // namespace table_stats

namespace port_stats {
inline constexpr Field port_no{0, 2}, pad{2, 6}, rx_packets{8, 8}, tx_packets{16, 8}, rx_bytes{24, 8}, tx_bytes{32, 8},
    rx_dropped{40, 8}, tx_dropped{48, 8}, rx_errors{56, 8}, tx_errors{64, 8}, rx_frame_err{72, 8}, rx_over_err{80, 8},
    rx_crc_err{88, 8}, collisions{96, 8};
inline constexpr std::size_t size = 104;
}  // namespace port_stats

namespace queue_stats {
inline constexpr Field port_no{0, 2}, pad{2, 2}, queue_id{4, 4}, tx_bytes{8, 8}, tx_packets{16, 8}, tx_errors{24, 8};
inline constexpr std::size_t size = 32;
}  // namespace queue_stats

// Actions: offsets count from the start of the action; every one is a multiple of 8 long.
namespace action {
inline constexpr Field type{0, 2}, len{2, 2};
inline constexpr std::size_t header_size = 4;
inline constexpr Field output_port{4, 2}, output_max_len{6, 2};      // len 8
inline constexpr Field vlan_vid{4, 2};                               // len 8
inline constexpr Field vlan_pcp{4, 1};                               // len 8
inline constexpr Field dl_addr{4, 6};                                // len 16
inline constexpr Field nw_addr{4, 4};                                // len 8
inline constexpr Field nw_tos{4, 1};                                 // len 8
inline constexpr Field tp_port{4, 2};                                // len 8
inline constexpr Field enqueue_port{4, 2}, enqueue_queue_id{12, 4};  // len 16
inline constexpr Field vendor{4, 4};                                 // len 8 or more
}  // namespace action

}  // namespace wire
}  // namespace oftwin

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
};
enum NxFlowModFailedCode : std::uint16_t { NXFMFC_HARDWARE = 0x100, NXFMFC_BAD_TABLE_ID = 0x101 };

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

namespace nx_stats_msg {
inline constexpr Field vendor{12, 4}, subtype{16, 4}, pad{20, 4};
inline constexpr std::size_t size = 24;
}  // namespace nx_stats_msg

}  // namespace wire
}  // namespace oftwin

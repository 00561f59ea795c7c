// Every message that OpenFlow 1.0 and the Nicira extensions of mid-2011 know: its number, and the lengths that it can
// have. source: OpenFlow 1.0 section 5; nicira-ext.h of July 2011.
//
// Tables like those of openflow.h, and with the same reason: only the reading of a table can differ, never the table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin {

// Extended messages are of the kind of the OpenFlow 1.0 message that does the same.
enum class MessageKind : std::uint8_t {
  not_for_switch,  // known, but nothing that a switch takes
  error,
  statistics_not_for_switch,
  echo_request,
  echo_reply,
  features_request,
  get_config_request,
  set_config,
  packet_out,
  flow_mod,
  port_mod,
  barrier_request,
  queue_get_config_request,
  desc_stats,
  flow_stats,
  aggregate_stats,
  table_stats,
  port_stats,
  queue_stats,
  role_request,
  flow_mod_table_id,
  set_flow_format,
};

namespace wire {

// multiple 0: exactly `size` bytes; otherwise longer by any multiple.
struct Form {
  std::uint32_t number;
  MessageKind kind;
  std::size_t size;
  std::size_t multiple;
};

inline constexpr Form messages[] = {
    {OFPT_HELLO, MessageKind::not_for_switch, header::size, 1},
    {OFPT_ERROR, MessageKind::error, error_msg::size, 1},
    {OFPT_ECHO_REQUEST, MessageKind::echo_request, header::size, 1},
    {OFPT_ECHO_REPLY, MessageKind::echo_reply, header::size, 1},
    {OFPT_VENDOR, MessageKind::not_for_switch, vendor_msg::vendor_size, 1},
    {OFPT_FEATURES_REQUEST, MessageKind::features_request, header::size, 0},
    {OFPT_FEATURES_REPLY, MessageKind::not_for_switch, switch_features::size, phy_port::size},
    {OFPT_GET_CONFIG_REQUEST, MessageKind::get_config_request, header::size, 0},
    {OFPT_GET_CONFIG_REPLY, MessageKind::not_for_switch, switch_config::size, 0},
    {OFPT_SET_CONFIG, MessageKind::set_config, switch_config::size, 0},
    {OFPT_PACKET_IN, MessageKind::not_for_switch, packet_in::size, 1},
    {OFPT_FLOW_REMOVED, MessageKind::not_for_switch, flow_removed::size, 0},
    {OFPT_PORT_STATUS, MessageKind::not_for_switch, port_status::size, 0},
    {OFPT_PACKET_OUT, MessageKind::packet_out, packet_out::size, 1},
    {OFPT_FLOW_MOD, MessageKind::flow_mod, flow_mod::size, 1},
    {OFPT_PORT_MOD, MessageKind::port_mod, port_mod::size, 0},
    {OFPT_STATS_REQUEST, MessageKind::statistics_not_for_switch, stats_msg::size, 1},
    {OFPT_STATS_REPLY, MessageKind::statistics_not_for_switch, stats_msg::size, 1},
    {OFPT_BARRIER_REQUEST, MessageKind::barrier_request, header::size, 0},
    {OFPT_BARRIER_REPLY, MessageKind::not_for_switch, header::size, 0},
    {OFPT_QUEUE_GET_CONFIG_REQUEST, MessageKind::queue_get_config_request, queue_get_config_request::size, 0},
    {OFPT_QUEUE_GET_CONFIG_REPLY, MessageKind::not_for_switch, queue_get_config_reply::size, packet_queue::size},
};

inline constexpr Form stats_requests[] = {
    {OFPST_DESC, MessageKind::desc_stats, stats_msg::size, 0},
    {OFPST_FLOW, MessageKind::flow_stats, flow_stats_request::size, 0},
    {OFPST_AGGREGATE, MessageKind::aggregate_stats, flow_stats_request::size, 0},
    {OFPST_TABLE, MessageKind::table_stats, stats_msg::size, 0},
    {OFPST_PORT, MessageKind::port_stats, port_stats_request::size, 0},
    {OFPST_QUEUE, MessageKind::queue_stats, queue_stats_request::size, 0},
    {OFPST_VENDOR, MessageKind::statistics_not_for_switch, nx_stats_msg::vendor.offset + 4, 1},
};

inline constexpr Form stats_replies[] = {
    {OFPST_DESC, MessageKind::statistics_not_for_switch, stats_msg::size + desc_stats::size, 0},
    {OFPST_FLOW, MessageKind::statistics_not_for_switch, stats_msg::size, 1},
    {OFPST_AGGREGATE, MessageKind::statistics_not_for_switch, stats_msg::size + aggregate_stats::size, 0},
    {OFPST_TABLE, MessageKind::statistics_not_for_switch, stats_msg::size, table_stats::size},
    {OFPST_PORT, MessageKind::statistics_not_for_switch, stats_msg::size, port_stats::size},
    {OFPST_QUEUE, MessageKind::statistics_not_for_switch, stats_msg::size, queue_stats::size},
    {OFPST_VENDOR, MessageKind::statistics_not_for_switch, nx_stats_msg::vendor.offset + 4, 1},
};

inline constexpr Form nicira_messages[] = {
    {NXT_ROLE_REQUEST, MessageKind::role_request, nx_role::size, 0},
    {NXT_ROLE_REPLY, MessageKind::not_for_switch, nx_role::size, 0},
    {NXT_SET_FLOW_FORMAT, MessageKind::set_flow_format, nx_set_flow_format::size, 0},
    {NXT_FLOW_MOD, MessageKind::flow_mod, nx_flow_mod::size, 8},
    {NXT_FLOW_REMOVED, MessageKind::not_for_switch, nx_flow_removed::size, 8},
    {NXT_FLOW_MOD_TABLE_ID, MessageKind::flow_mod_table_id, nx_flow_mod_table_id::size, 0},
};

inline constexpr Form nicira_stats_requests[] = {
    {NXST_FLOW, MessageKind::flow_stats, nx_flow_stats_request::size, 8},
    {NXST_AGGREGATE, MessageKind::aggregate_stats, nx_flow_stats_request::size, 8},
};

inline constexpr Form nicira_stats_replies[] = {
    {NXST_FLOW, MessageKind::statistics_not_for_switch, nx_stats_msg::size, 8},
    {NXST_AGGREGATE, MessageKind::statistics_not_for_switch, nx_stats_msg::size + nx_aggregate_stats::size, 0},
};

}  // namespace wire
}  // namespace oftwin

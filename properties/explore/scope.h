// What an exploration may do: how many of each thing, and which things at all.
//
// Within a scope *every* sequence of events is tried, and every answer of the provider and every order of rules in each
// of them. What a scope leaves out is not covered, and the report of an exploration says so.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/config.h"

namespace oftwin::explore {

// Kinds of events and messages. Each is on or off.
enum class Kind : std::uint8_t {
  add,            // flow-mods: one flow, one variant, one table
  modify,         // every flow
  modify_strict,  // one flow, in any table
  remove,         // every flow
  remove_strict,  // one flow, in one table
  overlap,        // an add with the overlap flag
  report,         // adds ask for a flow-removed message
  barrier,        //
  stats,          // of every flow
  aggregate,      //
  echo,           //
  role,           // master, slave
  flow_format,    // NXM and back
  no_table,       // flow-mods name a table that does not exist
  emergency,      // the emergency flag
  unknown_flag,   //
  buffer,         // the provider hands packets up; adds and modifications name their buffer
  packet_out,     // with a buffer
  port_mod,       // PORT_DOWN
  port_change,    //
  tos,            // a flow with the two low bits of a ToS
  many_actions,   // a flow with 65,448 bytes of actions
  miss_send_len,  // set-config
  close,          // a connection's peer closes
  open,           // ... and comes back; a new service connection
  stall,          // a peer stops reading
  own,            // rules of the switch's own: added and deleted
  flush,          //
  expire,         // the provider expires a rule
  destroy,        //
  system_errors,  // the provider answers with an errno
  no_memory,      // it cannot allocate a rule
  choose_table,   // it chooses a table, or one that does not exist
  execute_error,  // it cannot run a buffered packet
  wrong,          // messages that no switch takes, or that name what does not exist
  fail_mode,      // the switch may help itself while no controller is there, or not
  packets,        // the provider is the software datapath, with ports and a few packets; it answers late
  wrong_action,   // a flow with an action of Nicira's that does not exist
  orders,         // a request touches its rules in every order (otherwise: that of their making)
  count
};
using Kinds = std::bitset<static_cast<std::size_t>(Kind::count)>;

struct Scope {
  std::string name, purpose;
  unsigned primaries = 1, services = 0;  // connections at the start; of `open`, at any time
  unsigned flows = 2, variants = 2, tables = 1;
  unsigned inbox = 1;   // unread messages of a connection
  unsigned unread = 2;  // of all connections together
  unsigned queue = 1;   // pieces of work that wait for the provider's next run
  Limits limits{2, 1, 2};
  Kinds kinds;

  bool has(Kind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
};

std::string_view name_of(Kind kind);
// Those that `oftwin explore --list` shows. The first is the one with the figures of the issue: see scope.cc.
const std::vector<Scope>& scopes();
const Scope* find_scope(std::string_view name);
// In words: what is tried, and how many of it.
std::string describe(const Scope& scope);

// The switch that is explored: small texts, no ports but those that something is said about.
SwitchConfig config_of(const Scope& scope);

}  // namespace oftwin::explore

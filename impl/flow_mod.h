// Requests that change flow tables: from controllers, and what concerns all flows.
#pragma once

#include "impl/decode.h"
#include "impl/dispatch.h"

namespace oftwin::impl {

// What a loose request touches, in `touched`; false: an operation on one of the rules that it covers is pending. Hidden
// rules, and those that do not output to `out_port`, are left out, but still make the request wait.
bool collect_loose(const Core& core, std::uint8_t table_id, const PackedMatch& match, std::uint16_t out_port,
                   std::vector<Rule*>& touched);

Verdict handle_flow_mod(Core& core, Connection& conn, ByteView message);

// Nobody asked for these. add: false if it has to wait; whatever else goes wrong goes wrong in silence. remove: of a
// rule without an operation.
bool add_unasked(Core& core, const FlowMod& flow);
void remove_unasked(Core& core, Rule& rule);

// One pass over all tables: removes every rule without a pending operation.
void flush_pass(Core& core);
// Whether a flush pass would remove something.
bool anything_to_flush(const Core& core);

// The provider says that a rule has timed out.
void expire(Core& core, Rule& rule, std::uint8_t reason);

}  // namespace oftwin::impl

// Requests that change flow tables: from controllers, and from the switch itself.
#pragma once

#include "impl/dispatch.h"

namespace oftwin::impl {

// What a loose request touches, in `touched`; false: an operation on one of the rules that it covers is pending. Hidden
// rules, and those that do not output to `out_port`, are left out, but still make the request wait.
bool collect_loose(const Core& core, std::uint8_t table_id, const PackedMatch& match, std::uint16_t out_port,
                   std::vector<Rule*>& touched);

Verdict handle_flow_mod(Core& core, Connection& conn, ByteView message);

// A rule of the switch's own: table 0, priority above 65535. What has to wait is kept and done later.
void add_hidden(Core& core, const DeferredRule& wanted);
// false: an operation on the rule is pending, nothing was done.
bool remove_hidden(Core& core, std::uint32_t priority, std::uint16_t in_port);
// Tries again what had to wait, in the order of the requests.
void add_deferred(Core& core);

// One pass over all tables: removes every rule without a pending operation.
void flush_pass(Core& core);
// Whether a flush pass would remove something.
bool anything_to_flush(const Core& core);

// The provider says that a rule has timed out.
void expire(Core& core, Rule& rule, std::uint8_t reason);

}  // namespace oftwin::impl

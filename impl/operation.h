// Groups and operations: starting them, finishing them, undoing them.
//
// To start an operation: open a group, begin_*() on each rule (each calls the provider, which may complete the
// operation at once), submit the group. `finish` is the provider's answer to one operation.
#pragma once

#include "impl/core.h"
#include "impl/decode.h"

namespace oftwin::impl {

// `conn` nullptr: nobody asked. `request` is whom an error answers.
Group* open_group(Core& core, Connection* conn, ByteView request, std::uint32_t buffer_id);
// A group without operations left finishes at once; another one is pending from now on.
void submit_group(Core& core, Group* group);

// What a new rule is made of.
struct NewRule {
  const FlowMod* flow = nullptr;
  std::uint8_t table_id = 0;
};
// nullptr: the provider has no memory for it. The rule is in no table.
Rule* make_rule(Core& core, const NewRule& made);

// `rule` is in its table already, its victim is not. Returns the provider's refusal, after which nothing remains of the
// rule and the victim is back.
Error begin_add(Core& core, Group* group, Rule& rule, Rule* victim);
void begin_modify(Core& core, Group* group, Rule& rule, ByteView actions, std::uint64_t cookie);
// Takes the rule out of its table.
void begin_remove(Core& core, Group* group, Rule& rule);

// The packet that the request named by its buffer id meets `rule`; a request has it once. What goes wrong is told to
// the controller and undoes nothing.
Error use_buffer(Core& core, Group& group, Rule& rule);

// The provider's handle of an operation, and back; nullptr: no such operation is in progress.
oft_op* handle_of(const Operation& op);
Operation* operation_of(Core& core, const oft_op* handle);

void finish(Core& core, Operation& op, Error error);

bool is_deletion_pending(const Core& core, const PackedMatch& match, std::uint32_t priority, std::uint8_t table_id);

// Gives a rule back that is in no table and has no operation.
void destroy_rule(Core& core, Rule& rule);

}  // namespace oftwin::impl

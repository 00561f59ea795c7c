// Every operation carries what undoes it; finishing either drops or applies that, and there is no third way.
#include "impl/operation.h"

#include <algorithm>
#include <utility>

#include "impl/connection.h"
#include "impl/errors.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

void unlink_group(Group* group) {
  if (group->connection == nullptr) return;
  if (group->prev != nullptr) {
    group->prev->next = group->next;
  } else {
    group->connection->groups = group->next;
  }
  if (group->next != nullptr) group->next->prev = group->prev;
  group->next = group->prev = nullptr;
}

void finish_group(Core& core, Group* group) {
  if (group->submitted) --core.n_pending_groups;
  unlink_group(group);
  if (group->connection != nullptr && group->error) {
    send_error(core, *group->connection, {group->request.data(), group->request_len}, group->error);
  }
  core.groups.release(group);
  core.deferred_due = !core.deferred.empty();
  raise_retry(core);
}

Operation& open_operation(Core& core, Group* group, Rule& rule, OperationKind kind) {
  if (core.free_operations.empty()) {
    core.free_operations.push_back(static_cast<std::uint32_t>(core.operations.size()));
    core.operations.emplace_back().slot = core.free_operations.back();
  }
  Operation& op = core.operations[core.free_operations.back()];
  core.free_operations.pop_back();
  op.kind = kind;
  op.rule = &rule;
  op.group = group;
  op.victim = nullptr;
  op.failed_at_once = nullptr;
  rule.pending = &op;
  ++group->n_operations;
  return op;
}

// From here on the provider's handle of the operation means nothing.
void retire(Operation& op) {
  ++op.generation;
  op.rule->pending = nullptr;
}

void close_operation(Core& core, Operation& op) {
  op.rule = nullptr;
  core.free_operations.push_back(op.slot);
}

bool alive(const Operation& op, std::uint32_t generation) { return op.rule != nullptr && op.generation == generation; }

void show_actions(Rule& rule) {
  rule.face.actions = rule.actions.data();
  rule.face.actions_len = rule.actions.size();
}

std::uint64_t deletion_hash(const PackedMatch& match, std::uint8_t table_id) {
  return hash_words(match.value, match.words, table_id);
}

// The new rule leaves, and its victim is as if nothing had happened.
void undo_add(Core& core, Rule& rule, Rule* victim) {
  Classifier& table = core.tables[rule.face.table_id];
  if (victim != nullptr) {
    table.replace(*victim);
  } else {
    table.remove(rule);
  }
  destroy_rule(core, rule);
}

void undo_modify(Operation& op) {
  op.rule->actions.swap(op.old_actions);
  op.rule->face.cookie = op.old_cookie;
  show_actions(*op.rule);
}

void settle(Core& core, Operation& op, bool succeeded) {
  Rule& rule = *op.rule;
  switch (op.kind) {
    case OperationKind::add:
      if (!succeeded) {
        undo_add(core, rule, op.victim);
      } else if (op.victim != nullptr) {
        destroy_rule(core, *op.victim);
      }
      break;
    case OperationKind::modify:
      if (!succeeded) undo_modify(op);
      break;
    case OperationKind::remove:
      core.deletions.remove(op);
      destroy_rule(core, rule);
      break;
  }
}

}  // namespace

Group* open_group(Core& core, Connection* conn, ByteView request, std::uint32_t buffer_id) {
  Group* group = core.groups.acquire();
  group->connection = conn;
  group->request_len = std::min(request.size(), group->request.size());
  std::copy_n(request.begin(), group->request_len, group->request.begin());
  group->buffer_id = buffer_id;
  group->error = {};
  group->n_operations = 0;
  group->submitted = false;
  group->prev = nullptr;
  group->next = nullptr;
  if (conn != nullptr) {
    group->next = conn->groups;
    if (group->next != nullptr) group->next->prev = group;
    conn->groups = group;
  }
  return group;
}

void submit_group(Core& core, Group* group) {
  if (group->n_operations == 0) {
    finish_group(core, group);
  } else {
    group->submitted = true;
    ++core.n_pending_groups;
  }
}

Rule* make_rule(Core& core, const NewRule& made) {
  void* handle = core.provider.rule_alloc(core.instance);
  if (handle == nullptr) return nullptr;
  const FlowMod& flow = *made.flow;
  Rule& rule = *core.rules.acquire();
  rule.match = flow.match;
  rule.priority = flow.priority;
  rule.pending = nullptr;
  rule.actions.assign(flow.actions.begin(), flow.actions.end());
  unpack(flow.match, &rule.provider_match);

  rule.face.owner = &rule;
  rule.face.size = sizeof(oft_rule);
  rule.face.priority = flow.priority;
  rule.face.handle = handle;
  rule.face.match = &rule.provider_match;
  rule.face.cookie = flow.cookie;
  rule.face.created_ms = core.now_ms;
  rule.face.idle_timeout = flow.idle_timeout;
  rule.face.hard_timeout = flow.hard_timeout;
  rule.face.table_id = made.table_id;
  rule.face.send_flow_removed = (flow.flags & OFPFF_SEND_FLOW_REM) != 0 ? 1 : 0;
  show_actions(rule);
  return &rule;
}

Error begin_add(Core& core, Group* group, Rule& rule, Rule* victim) {
  Operation& op = open_operation(core, group, rule, OperationKind::add);
  const std::uint32_t generation = op.generation;
  op.victim = victim;
  const oft_rule* replaced = victim != nullptr ? &victim->face : nullptr;
  oft_error refusal = OFT_OK;
  {
    const Raised completions(core.completions_welcome);
    refusal = core.provider.rule_construct(core.instance, &rule.face, replaced, handle_of(op));
  }
  if (refusal == OFT_OK || !alive(op, generation)) return {};
  retire(op);
  --group->n_operations;
  close_operation(core, op);
  undo_add(core, rule, victim);
  return from_provider(refusal);
}

void begin_modify(Core& core, Group* group, Rule& rule, ByteView actions, std::uint64_t cookie) {
  Operation& op = open_operation(core, group, rule, OperationKind::modify);
  const std::uint32_t generation = op.generation;
  bool failed = false;
  op.failed_at_once = &failed;
  op.old_cookie = rule.face.cookie;
  op.old_actions.swap(rule.actions);
  rule.actions.assign(actions.begin(), actions.end());
  show_actions(rule);
  const Raised completions(core.completions_welcome);
  core.provider.rule_modify_actions(core.instance, &rule.face, handle_of(op));
  if (alive(op, generation)) op.failed_at_once = nullptr;
  // The provider sees the old cookie during the call, the new one afterwards.
  if (!failed) rule.face.cookie = cookie;
}

void begin_remove(Core& core, Group* group, Rule& rule) {
  Operation& op = open_operation(core, group, rule, OperationKind::remove);
  core.deletions.insert(op, deletion_hash(rule.match, rule.face.table_id));
  core.tables[rule.face.table_id].remove(rule);
  const Raised completions(core.completions_welcome);
  core.provider.rule_destruct(core.instance, &rule.face, handle_of(op));
}

Error use_buffer(Core& core, Group& group, Rule& rule) {
  if (group.connection == nullptr || group.buffer_id == OFP_NO_BUFFER) return {};
  const std::uint32_t id = std::exchange(group.buffer_id, OFP_NO_BUFFER);
  if (!group.connection->buffers) return kBufferUnknown;
  const PacketBuffers::Retrieved got = group.connection->buffers->retrieve(id, core.frame);
  if (got.error || !got.packet) return got.error;
  const Raised packets(core.packets_welcome);
  return from_provider(
      core.provider.rule_execute(core.instance, &rule.face, got.in_port, core.frame.data(), core.frame.size()));
}

oft_op* handle_of(const Operation& op) {
  static_assert(sizeof(void*) == 8, "an operation's handle is its generation and its slot, in a pointer's bits");
  // No object stands behind the handle: it is only ever compared and taken apart again.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<oft_op*>(std::uint64_t{op.generation} << 32 | (op.slot + 1));
}

Operation* operation_of(Core& core, const oft_op* handle) {
  const auto bits = reinterpret_cast<std::uint64_t>(handle);
  const auto slot = static_cast<std::uint32_t>(bits) - 1;
  if (slot >= core.operations.size()) return nullptr;
  Operation& op = core.operations[slot];
  return alive(op, static_cast<std::uint32_t>(bits >> 32)) ? &op : nullptr;
}

void finish(Core& core, Operation& op, Error error) {
  if (op.kind == OperationKind::remove) error = {};
  Group* group = op.group;
  retire(op);
  const bool buffer_due = !error && op.kind != OperationKind::remove && !group->error && group->n_operations == 1;
  const Error reported = buffer_due ? use_buffer(core, *group, *op.rule) : error;
  if (!group->error) group->error = reported;
  if (error && op.failed_at_once != nullptr) *op.failed_at_once = true;
  settle(core, op, !error);
  close_operation(core, op);
  if (--group->n_operations == 0 && group->submitted) finish_group(core, group);
}

bool is_deletion_pending(const Core& core, const PackedMatch& match, std::uint32_t priority, std::uint8_t table_id) {
  if (core.deletions.empty()) return false;
  return core.deletions.find(deletion_hash(match, table_id), [&](const Operation& op) {
    const Rule& rule = *op.rule;
    return rule.face.table_id == table_id && rule.priority == priority && rule.match == match;
  }) != nullptr;
}

void destroy_rule(Core& core, Rule& rule) {
  void* handle = rule.face.handle;
  core.rules.release(&rule);
  core.provider.rule_dealloc(core.instance, handle);
}

}  // namespace oftwin::impl

// A flow-mod is planned, then committed. The plan is made on a constant switch: it finds every reason to refuse or to
// postpone, and the rules to be touched; after it nothing stops the commit but the provider.
#include "impl/flow_mod.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "impl/async.h"
#include "impl/decode.h"
#include "impl/errors.h"
#include "impl/operation.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

struct Plan {
  enum class Action : std::uint8_t { refuse, postpone, nothing, add, modify, remove };
  Action action = Action::nothing;
  Error error;
  std::uint8_t table_id = 0;  // add
  Rule* victim = nullptr;     // add
};

Plan refusal(Error error) { return {Plan::Action::refuse, error}; }
Plan postponement() { return {Plan::Action::postpone, {}}; }

// All tables for OFPP_ALL_TABLES; none for an id that does not exist.
std::span<const Classifier> tables_named(const Core& core, std::uint8_t table_id) {
  const std::span<const Classifier> all = core.tables;
  if (table_id == OFP_ALL_TABLES) return all;
  return table_id < all.size() ? all.subspan(table_id, 1) : all.first(0);
}

// The provider is asked only when the request leaves the choice to the switch.
Error choose_table(const Core& core, const FlowMod& flow, std::uint8_t* table_id) {
  *table_id = flow.table_id;
  if (flow.table_id == OFP_ALL_TABLES) {
    *table_id = 0;
    if (core.provider.choose_table == nullptr) return {};
    oft_match match;
    unpack(flow.match, &match);
    if (const oft_error error = core.provider.choose_table(core.instance, &match, table_id)) {
      return from_provider(error);
    }
  }
  return *table_id < core.tables.size() ? Error{} : kBadTableId;
}

Plan plan_add(const Core& core, const FlowMod& flow) {
  Plan plan{Plan::Action::add, {}};
  if (const Error error = choose_table(core, flow, &plan.table_id)) return refusal(error);
  const bool check = (flow.flags & OFPFF_CHECK_OVERLAP) != 0;
  if (check && core.tables[plan.table_id].overlaps(flow.match, flow.priority)) return refusal(kOverlap);
  if (is_deletion_pending(core, flow.match, flow.priority, plan.table_id)) return postponement();
  if (ClassifierEntry* victim = core.tables[plan.table_id].find(flow.match, flow.priority)) {
    plan.victim = &rule_of(*victim);
  }
  return plan;
}

}  // namespace

bool collect_loose(const Core& core, std::uint8_t table_id, const PackedMatch& match, std::uint16_t out_port,
                   std::vector<Rule*>& touched) {
  touched.clear();
  bool free = true;
  for (const Classifier& table : tables_named(core, table_id)) {
    table.for_each_covered(match, [&](ClassifierEntry& entry) {
      Rule& rule = rule_of(entry);
      if (rule.hidden()) return;
      free = free && rule.pending == nullptr;
      if (outputs_to(rule.actions, out_port)) touched.push_back(&rule);
    });
  }
  return free;
}

namespace {

bool collect_strict(const Core& core, const FlowMod& flow, std::uint16_t out_port, std::vector<Rule*>& touched) {
  touched.clear();
  for (const Classifier& table : tables_named(core, flow.table_id)) {
    ClassifierEntry* entry = table.find(flow.match, flow.priority);
    if (entry == nullptr) continue;
    Rule& rule = rule_of(*entry);
    if (rule.pending != nullptr) return false;
    if (outputs_to(rule.actions, out_port)) touched.push_back(&rule);  // never hidden: no request has such a priority
  }
  return true;
}

Plan plan_change(const Core& core, const FlowMod& flow, std::vector<Rule*>& touched) {
  const bool strict = flow.command == OFPFC_MODIFY_STRICT || flow.command == OFPFC_DELETE_STRICT;
  const bool modify = flow.command == OFPFC_MODIFY || flow.command == OFPFC_MODIFY_STRICT;
  const bool missing = flow.table_id != OFP_ALL_TABLES && flow.table_id >= core.tables.size();
  if (missing && !modify) return refusal(kBadTableId);  // a modification becomes an add, which says so
  const std::uint16_t out_port = modify ? std::uint16_t{OFPP_NONE} : flow.out_port;
  const bool free = strict ? collect_strict(core, flow, out_port, touched)
                           : collect_loose(core, flow.table_id, flow.match, out_port, touched);
  if (!free) return postponement();
  if (touched.empty()) return modify ? plan_add(core, flow) : Plan{};
  if (strict && touched.size() > 1) return {};
  return {modify ? Plan::Action::modify : Plan::Action::remove, {}};
}

Plan plan_flow_mod(const Core& core, const FlowMod& flow, std::vector<Rule*>& touched) {
  if ((flow.flags & OFPFF_EMERG) != 0) {
    return refusal(flow.idle_timeout != 0 || flow.hard_timeout != 0 ? kBadEmergTimeout : kAllTablesFull);
  }
  if (flow.command > OFPFC_DELETE_STRICT) return refusal(kBadCommand);
  return flow.command == OFPFC_ADD ? plan_add(core, flow) : plan_change(core, flow, touched);
}

Verdict commit_add(Core& core, Connection* conn, ByteView request, const FlowMod& flow, const Plan& plan) {
  Rule* rule = make_rule(core, {&flow, plan.table_id});
  if (rule == nullptr) return refuse(system_error(ENOMEM));
  if (plan.victim != nullptr && plan.victim->pending != nullptr) {
    // The one postponement that a plan leaves to the commit: whether there is memory is asked first (ADD-10, ADD-11).
    destroy_rule(core, *rule);
    return kPostpone;
  }
  core.tables[plan.table_id].replace(*rule);
  Group* group = open_group(core, conn, request, flow.buffer_id);
  const Error error = begin_add(core, group, *rule, plan.victim);
  submit_group(core, group);
  return refuse(error);
}

Verdict commit_modify(Core& core, Connection* conn, ByteView request, const FlowMod& flow) {
  Group* group = open_group(core, conn, request, flow.buffer_id);
  bool changes = false;
  for (Rule* rule : core.touched) {
    if (std::ranges::equal(rule->actions, flow.actions)) {
      rule->face.cookie = flow.cookie;
    } else {
      changes = true;
      begin_modify(core, group, *rule, flow.actions, flow.cookie);
    }
  }
  if (!changes) group->error = use_buffer(core, *group, *core.touched.front());
  submit_group(core, group);
  return kDone;
}

Verdict commit_remove(Core& core, Connection* conn, ByteView request) {
  Group* group = open_group(core, conn, request, OFP_NO_BUFFER);
  for (Rule* rule : core.touched) {
    send_flow_removed(core, *rule, OFPRR_DELETE);
    begin_remove(core, group, *rule);
  }
  submit_group(core, group);
  return kDone;
}

}  // namespace

Verdict handle_flow_mod(Core& core, Connection& conn, ByteView message) {
  if (core.n_pending_groups >= core.config.limits.pending_groups) return kPostpone;
  FlowMod flow;
  if (const Error error = decode_flow_mod(message, conn.flow_mod_table_id, &flow)) return refuse(error);
  const Plan plan = plan_flow_mod(core, flow, core.touched);
  switch (plan.action) {
    case Plan::Action::refuse:
      return refuse(plan.error);
    case Plan::Action::postpone:
      return kPostpone;
    case Plan::Action::nothing:
      return kDone;
    case Plan::Action::add:
      return commit_add(core, &conn, message, flow, plan);
    case Plan::Action::modify:
      return commit_modify(core, &conn, message, flow);
    case Plan::Action::remove:
      return commit_remove(core, &conn, message);
  }
  return kDone;
}

bool add_unasked(Core& core, const FlowMod& flow) {
  const Plan plan = plan_add(core, flow);
  if (plan.action == Plan::Action::postpone) return false;
  return plan.action != Plan::Action::add || !commit_add(core, nullptr, {}, flow, plan).postponed;
}

void remove_unasked(Core& core, Rule& rule) {
  Group* group = open_group(core, nullptr, {}, OFP_NO_BUFFER);
  begin_remove(core, group, rule);
  submit_group(core, group);
}

void flush_pass(Core& core) {
  if (core.provider.flush != nullptr) core.provider.flush(core.instance);
  core.touched.clear();
  for (const Classifier& table : core.tables) {
    table.for_each([&core](ClassifierEntry& entry) {
      if (rule_of(entry).pending == nullptr) core.touched.push_back(&rule_of(entry));
    });
  }
  Group* group = open_group(core, nullptr, {}, OFP_NO_BUFFER);
  for (Rule* rule : core.touched) begin_remove(core, group, *rule);
  submit_group(core, group);
}

bool anything_to_flush(const Core& core) {
  bool found = false;
  for (const Classifier& table : core.tables) {
    table.for_each([&found](ClassifierEntry& entry) { found = found || rule_of(entry).pending == nullptr; });
  }
  return found;
}

void expire(Core& core, Rule& rule, std::uint8_t reason) {
  // Neither a rule with an operation in progress nor the victim of one, which is in no table.
  if (rule.pending != nullptr || rule.subtable == nullptr) return;
  send_flow_removed(core, rule, reason);
  remove_unasked(core, rule);
}

}  // namespace oftwin::impl

/* A datapath provider to start from, in plain C: operations, timeouts, counters; datapath.h does the packets.
 *
 * An operation completes inside the call that started it or, with the option "late", in the next run(), as those of
 * hardware do. When a flow is in force, and what else the host relies on: provider.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "examples/provider_c/datapath.h"

/* --- Operations --- */

static void unlist(provider* pr, flow* f) {
  flow** at = &pr->flows;
  while (*at != NULL && *at != f) at = &(*at)->next;
  if (*at == f) *at = f->next;
}

/* What the operation asks for takes effect; then the host is told, and may give back the victim or the flow itself. */
static void complete(provider* pr, flow* f) {
  oft_op* op = f->op;
  f->op = NULL;
  if (f->kind == REMOVE) unlist(pr, f);
  if (f->kind != REMOVE) {
    free(f->actions);
    f->actions = f->new_actions;
    f->len = f->new_len;
    f->new_actions = NULL;
  }
  if (f->kind == ADD) {
    if (f->victim != NULL) unlist(pr, f->victim);
    f->next = pr->flows;
    pr->flows = f;
  }
  pr->host->op_complete(pr->host_data, op, OFT_OK);
}

static void start(provider* pr, flow* f, int kind, const oft_rule* rule, oft_op* op) {
  f->kind = kind;
  f->op = op;
  if (kind != REMOVE) {
    f->new_actions = malloc(rule->actions_len + 1);
    memcpy(f->new_actions, rule->actions, rule->actions_len);
    f->new_len = rule->actions_len;
  }
  if (!pr->late) {
    complete(pr, f);
  } else {
    pr->pending = realloc(pr->pending, (pr->n_pending + 1) * sizeof *pr->pending);
    pr->pending[pr->n_pending++] = f;
  }
}

static oft_error rule_construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  flow* f = rule->handle;
  if (!can_match(rule->match)) return UNSUPPORTED;
  const oft_error error = check_actions(rule->actions, rule->actions_len);
  if (error != OFT_OK) return error;
  f->rule = rule;
  f->used_ms = rule->created_ms;
  f->victim = victim != NULL ? victim->handle : NULL;
  if (f->victim != NULL) f->victim->replaced = 1;
  start(p, f, ADD, rule, op);
  return OFT_OK;
}

static void rule_modify_actions(void* p, const oft_rule* rule, oft_op* op) {
  provider* pr = p;
  const oft_error error = check_actions(rule->actions, rule->actions_len);
  if (error != OFT_OK) {
    pr->host->op_complete(pr->host_data, op, error);
  } else {
    start(pr, rule->handle, MODIFY, rule, op);
  }
}

static void rule_destruct(void* p, const oft_rule* rule, oft_op* op) { start(p, rule->handle, REMOVE, rule, op); }
static void* rule_alloc(void* p) { return (void)p, calloc(1, sizeof(flow)); }

static void rule_dealloc(void* p, void* handle) {
  flow* f = handle;
  unlist(p, f);
  free(f->actions);
  free(f->new_actions);
  free(f);
}

static void rule_get_stats(void* p, const oft_rule* rule, uint64_t* packets, uint64_t* bytes) {
  (void)p;
  *packets = ((flow*)rule->handle)->packets;
  *bytes = ((flow*)rule->handle)->bytes;
}

static void complete_pending(provider* pr) {
  flow** pending = pr->pending;
  const uint32_t n = pr->n_pending;
  pr->pending = NULL; /* what starts meanwhile waits for the next time */
  pr->n_pending = 0;
  for (uint32_t i = 0; i < n; ++i) complete(pr, pending[i]);
  free(pending);
}

static uint64_t seconds_after(uint64_t ms, uint16_t s) { return s != 0 ? ms + s * UINT64_C(1000) : OFT_NEVER; }
static uint64_t expires_ms(const flow* f) {
  const uint64_t hard = seconds_after(f->rule->created_ms, f->rule->hard_timeout);
  const uint64_t idle = seconds_after(f->used_ms, f->rule->idle_timeout);
  return hard < idle ? hard : idle;
}

static void run(void* p) {
  provider* pr = p;
  complete_pending(pr);
  const uint64_t now_ms = pr->host->now_ms(pr->host_data);
  for (flow *f = pr->flows, *next; f != NULL; f = next) {
    next = f->next; /* the flow may be gone when the host has been told */
    if (f->op != NULL || f->replaced || expires_ms(f) > now_ms) continue;
    const int hard = seconds_after(f->rule->created_ms, f->rule->hard_timeout) <= now_ms;
    pr->host->rule_expire(pr->host_data, f->rule, hard ? OFT_HARD_TIMEOUT : OFT_IDLE_TIMEOUT);
  }
}

static uint64_t run_at(void* p) {
  const provider* pr = p;
  uint64_t at_ms = pr->n_pending > 0 ? OFT_NOW : OFT_NEVER;
  for (const flow* f = pr->flows; f != NULL; f = f->next) {
    if (f->op == NULL && !f->replaced && expires_ms(f) < at_ms) at_ms = expires_ms(f);
  }
  return at_ms;
}

/* --- The instance, and the door --- */

static void* create(const char* options) {
  provider* pr = calloc(1, sizeof *pr);
  if (pr != NULL) pr->late = options != NULL && strcmp(options, "late") == 0;
  return pr;
}

static oft_error attach(void* p, const oft_host* host, void* host_data, uint32_t* n_tables) {
  provider* pr = p;
  if (host->abi_major != OFT_PROVIDER_ABI_MAJOR || host->size < sizeof *host) return OFT_ERROR_ERRNO(EINVAL);
  pr->host = host;
  pr->host_data = host_data;
  if (*n_tables < 1 || *n_tables > 255) *n_tables = 1;
  return OFT_OK;
}

static void destruct(void* p) {
  while (((provider*)p)->n_pending > 0) complete_pending(p);
}

static void dealloc(void* p) {
  free(((provider*)p)->ports);
  free(((provider*)p)->port_stats);
  free(p);
}

static const oft_provider table = {.abi_major = OFT_PROVIDER_ABI_MAJOR,
                                   .abi_minor = OFT_PROVIDER_ABI_MINOR,
                                   .size = sizeof(oft_provider),
                                   .name = "list",
                                   .create = create,
                                   .attach = attach,
                                   .destruct = destruct,
                                   .dealloc = dealloc,
                                   .run = run,
                                   .run_at = run_at,
                                   .rule_alloc = rule_alloc,
                                   .rule_construct = rule_construct,
                                   .rule_modify_actions = rule_modify_actions,
                                   .rule_destruct = rule_destruct,
                                   .rule_dealloc = rule_dealloc,
                                   .rule_get_stats = rule_get_stats,
                                   .rule_execute = rule_execute,
                                   .packet_out = packet_out,
                                   .get_table_info = get_table_info,
                                   .get_ports = get_ports,
                                   .port_reconfigured = port_reconfigured,
                                   .get_port_stats = get_port_stats,
                                   .get_drop_frags = get_drop_frags,
                                   .set_drop_frags = set_drop_frags,
                                   .test_set_ports = test_set_ports,
                                   .test_inject = test_inject};

OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) { return &table; }

/* The simplest correct datapath provider, in plain C: one table, a list of flows. To read first, and to start from.
 *
 * Every operation completes inside the call that starts it, so nothing is kept of a rule but its counters. Matched are
 * ports, Ethernet and IPv4 fields; the only action is output. Whatever else is asked for is refused, which a provider
 * may do at any time. One whose operations take time: examples/provider_c. What each call means: impl/provider.h.
 * Invariant: a flow is in the list exactly while it is in force.
 */
#include <stdlib.h>
#include <string.h>

#include "impl/provider.h"

/* OFPPC_*, OFPP_* and errors of OpenFlow 1.0. */
enum { DOWN = 1, NO_RECV = 1 << 2, NO_RECV_STP = 1 << 3, NO_FLOOD = 1 << 4, NO_FWD = 1 << 5, NO_PACKET_IN = 1 << 6 };
enum { MAX_PORT = 0xff00, IN_PORT = 0xfff8, TABLE, NORMAL, FLOOD, ALL, CONTROLLER, LOCAL };
#define UNSUPPORTED OFT_ERROR_OPENFLOW(3, 5)
enum { BAD_TYPE = 0, BAD_LEN = 1, BAD_OUT_PORT = 4, TOO_MANY = 7 };
#define BAD_ACTION(code) OFT_ERROR_OPENFLOW(2, code)

typedef struct flow {
  struct flow* next;
  const oft_rule* rule;
  uint64_t packets, bytes, used_ms;
} flow;

typedef struct provider {
  const oft_host* host;
  void* host_data;
  flow* flows;
  oft_port* ports;
  uint32_t n_ports;
  uint8_t drop_fragments;
} provider;

typedef struct packet {
  const uint8_t* frame;
  uint64_t len;
  oft_match key; /* its values; no masks */
  int fragment;
} packet;

/* --- What a frame looks like, and what matches it: in your datapath, hardware --- */
static uint16_t be16(const uint8_t* p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t be32(const uint8_t* p) { return (uint32_t)be16(p) << 16 | be16(p + 2); }
static uint64_t be48(const uint8_t* p) { return (uint64_t)be16(p) << 32 | be32(p + 2); }

static packet packet_of(uint16_t in_port, const uint8_t* frame, uint64_t len) {
  packet p = {.frame = frame, .len = len, .key = {.in_port = in_port}};
  if (len < 14) return p;
  p.key.dl_dst = be48(frame);
  p.key.dl_src = be48(frame + 6);
  const uint8_t *type = frame + 12, *end = frame + len;
  if (be16(type) == 0x8100 && len >= 18) {
    p.key.vlan_tci = be16(type + 2) | 0x1000; /* that bit says "a tag is present" */
    type += 4;
  }
  const uint8_t* ip = type + 2;
  p.key.dl_type = be16(type);
  if (p.key.dl_type < 0x600) { /* a length, with SNAP behind it or without */
    const int snap = end - ip >= 8 && memcmp(ip, "\xaa\xaa\x03\0\0", 6) == 0 && be16(ip + 6) >= 0x600;
    p.key.dl_type = snap ? be16(ip + 6) : 0x5ff;
    ip += 8;
  }
  if (p.key.dl_type != 0x0800 || end - ip < 20 || (ip[0] & 15) < 5 || (ip[0] & 15) * 4 > end - ip) return p;
  p.key.nw_src = be32(ip + 12);
  p.key.nw_dst = be32(ip + 16);
  p.key.nw_proto = ip[9];
  p.fragment = (be16(ip + 6) & 0x3fff) != 0;
  return p;
}

#define DIFFERS(field) ((key->field ^ m->field) & m->field##_mask)
static int matches(const oft_match* m, const oft_match* key) {
  return !DIFFERS(in_port) && !DIFFERS(dl_src) && !DIFFERS(dl_dst) && !DIFFERS(dl_type) && !DIFFERS(vlan_tci) &&
         !DIFFERS(nw_src) && !DIFFERS(nw_dst) && !DIFFERS(nw_proto);
}

static int can_match(const oft_match* m) {
  uint64_t beyond =
      m->tun_id_mask | m->arp_sha_mask | m->arp_tha_mask | m->nw_tos_mask | m->tp_src_mask | m->tp_dst_mask;
  for (int i = 0; i < 16; ++i) {
    beyond |= m->reg_mask[i % 4] | m->ipv6_src_mask[i] | m->ipv6_dst_mask[i] | m->nd_target_mask[i];
  }
  if (m->dl_type != 0x0800) beyond |= m->nw_src_mask | m->nw_dst_mask | m->nw_proto_mask;
  return beyond == 0;
}

static oft_error check_actions(const uint8_t* a, uint64_t len, int in_flow) {
  if (len > 4 * 8) return BAD_ACTION(TOO_MANY); /* so that few copies leave of one packet */
  for (const uint8_t* end = a + len; a < end; a += 8) {
    const uint16_t port = be16(a + 4);
    if (be16(a) != 0) return BAD_ACTION(BAD_TYPE);
    if (be16(a + 2) != 8) return BAD_ACTION(BAD_LEN);
    if (port >= MAX_PORT && (port < IN_PORT || port > LOCAL)) return BAD_ACTION(BAD_OUT_PORT);
    if (port == TABLE && in_flow) return BAD_ACTION(BAD_OUT_PORT); /* so that no packet goes round and round */
  }
  return OFT_OK;
}

/* --- Where a packet goes --- */
static oft_port* find_port(const provider* pr, uint16_t number) {
  uint32_t i = 0;
  while (i < pr->n_ports && pr->ports[i].number != number) ++i;
  return i < pr->n_ports ? &pr->ports[i] : NULL;
}

static void transmit(provider* pr, const packet* p, uint16_t number) {
  const oft_port* port = find_port(pr, number);
  if (port == NULL || (port->config & (NO_FWD | DOWN)) != 0) return;
  if (pr->host->test_transmitted != NULL) pr->host->test_transmitted(pr->host_data, number, p->frame, p->len);
}

static void run_table(provider* pr, const packet* p);

static void run_actions(provider* pr, const packet* p, const uint8_t* a, uint64_t len) {
  for (const uint8_t* end = a + len; a < end; a += 8) {
    const uint16_t port = be16(a + 4), in_port = p->key.in_port;
    if (port == TABLE) {
      run_table(pr, p);
    } else if (port == CONTROLLER) {
      pr->host->packet_in(pr->host_data, in_port, p->frame, p->len, OFT_ACTION, be16(a + 6));
    } else if (port == ALL || port == FLOOD || port == NORMAL) { /* nothing is learned */
      for (uint32_t i = 0; i < pr->n_ports; ++i) {
        const int out = port == ALL || (pr->ports[i].config & NO_FLOOD) == 0;
        if (out && pr->ports[i].number != in_port) transmit(pr, p, pr->ports[i].number);
      }
    } else if (port == IN_PORT || port != in_port) {
      transmit(pr, p, port == IN_PORT ? in_port : port);
    }
  }
}

static void run_flow(provider* pr, const packet* p, flow* f) {
  ++f->packets;
  f->bytes += p->len;
  f->used_ms = pr->host->now_ms(pr->host_data);
  run_actions(pr, p, f->rule->actions, f->rule->actions_len);
}

static void run_table(provider* pr, const packet* p) {
  flow* best = NULL;
  for (flow* f = pr->flows; f != NULL; f = f->next) {
    const int higher = best == NULL || f->rule->priority > best->rule->priority;
    if (higher && matches(f->rule->match, &p->key)) best = f;
  }
  if (pr->host->test_looked_up != NULL) pr->host->test_looked_up(pr->host_data, 0, best != NULL ? best->rule : NULL);
  const oft_port* in = find_port(pr, p->key.in_port);
  if (best != NULL) {
    run_flow(pr, p, best);
  } else if (in == NULL || (in->config & NO_PACKET_IN) == 0) {
    pr->host->packet_in(pr->host_data, p->key.in_port, p->frame, p->len, OFT_NO_MATCH, 0xffff);
  }
}

static oft_error rule_execute(void* p, const oft_rule* rule, uint16_t in_port, const uint8_t* frame, uint64_t len) {
  const packet out = packet_of(in_port, frame, len);
  if (len >= 14) run_flow(p, &out, rule->handle);
  return OFT_OK;
}

static oft_error packet_out(void* p, uint16_t in_port, const uint8_t* frame, uint64_t len, const uint8_t* actions,
                            uint64_t actions_len) {
  const oft_error error = check_actions(actions, actions_len, 0);
  const packet out = packet_of(in_port, frame, len);
  if (error == OFT_OK && len >= 14) run_actions(p, &out, actions, actions_len);
  return error;
}

/* --- Rules --- */
static void unlist(provider* pr, flow* f) {
  flow** at = &pr->flows;
  while (*at != NULL && *at != f) at = &(*at)->next;
  if (*at == f) *at = f->next;
}

static void* rule_alloc(void* p) { return (void)p, calloc(1, sizeof(flow)); }
static oft_error rule_construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  provider* pr = p;
  flow* f = rule->handle;
  const oft_error error = check_actions(rule->actions, rule->actions_len, 1);
  if (error != OFT_OK || !can_match(rule->match)) return error != OFT_OK ? error : UNSUPPORTED;
  if (victim != NULL) unlist(pr, victim->handle);
  f->rule = rule;
  f->used_ms = rule->created_ms;
  f->next = pr->flows;
  pr->flows = f;
  pr->host->op_complete(pr->host_data, op, OFT_OK);
  return OFT_OK;
}

/* The new actions are in the rule; with an error the host puts the old ones back. */
static void rule_modify_actions(void* p, const oft_rule* rule, oft_op* op) {
  provider* pr = p;
  pr->host->op_complete(pr->host_data, op, check_actions(rule->actions, rule->actions_len, 1));
}

static void rule_destruct(void* p, const oft_rule* rule, oft_op* op) {
  provider* pr = p;
  unlist(pr, rule->handle);
  pr->host->op_complete(pr->host_data, op, OFT_OK);
}

static void rule_dealloc(void* p, void* handle) { unlist(p, handle), free(handle); }

static void rule_get_stats(void* p, const oft_rule* rule, uint64_t* packets, uint64_t* bytes) {
  (void)p;
  *packets = ((flow*)rule->handle)->packets;
  *bytes = ((flow*)rule->handle)->bytes;
}

static uint64_t seconds_after(uint64_t ms, uint16_t s) { return s != 0 ? ms + s * UINT64_C(1000) : OFT_NEVER; }
static uint64_t hard_ms(const flow* f) { return seconds_after(f->rule->created_ms, f->rule->hard_timeout); }
static uint64_t end_ms(const flow* f) {
  const uint64_t hard = hard_ms(f), idle = seconds_after(f->used_ms, f->rule->idle_timeout);
  return hard < idle ? hard : idle;
}

static void run(void* p) {
  provider* pr = p;
  const uint64_t now_ms = pr->host->now_ms(pr->host_data);
  for (flow *f = pr->flows, *next; f != NULL; f = next) {
    next = f->next; /* the flow is gone when the host has been told */
    if (end_ms(f) > now_ms) continue;
    pr->host->rule_expire(pr->host_data, f->rule, hard_ms(f) <= now_ms ? OFT_HARD_TIMEOUT : OFT_IDLE_TIMEOUT);
  }
}

static uint64_t run_at(void* p) {
  uint64_t at_ms = OFT_NEVER;
  for (const flow* f = ((provider*)p)->flows; f != NULL; f = f->next) at_ms = end_ms(f) < at_ms ? end_ms(f) : at_ms;
  return at_ms;
}

/* --- Ports, the instance, the test door --- */
static uint32_t get_ports(void* p, oft_port* ports, uint32_t max) {
  const provider* pr = p;
  for (uint32_t i = 0; i < pr->n_ports && i < max; ++i) ports[i] = pr->ports[i];
  return pr->n_ports;
}

static void port_reconfigured(void* p, uint16_t number, uint32_t was, uint32_t is) {
  oft_port* port = find_port(p, number);
  if (port != NULL && was != is) port->config = is;
}

static void get_table_info(void* p, uint8_t id, oft_table_info* info) {
  (void)p, (void)id;
  memcpy(info->name, "list", 5);
  info->max_entries = 1000000;
  info->lookup_count = info->matched_count = OFT_COUNTER_UNKNOWN;
}

static uint8_t get_drop_frags(void* p) { return ((provider*)p)->drop_fragments; }
static void set_drop_frags(void* p, uint8_t drop) { ((provider*)p)->drop_fragments = drop; }
static void* create(const char* options) { return (void)options, calloc(1, sizeof(provider)); }
static oft_error attach(void* p, const oft_host* host, void* host_data, uint32_t* n_tables) {
  provider* pr = p;
  pr->host = host;
  pr->host_data = host_data;
  *n_tables = 1;
  return OFT_OK;
}

static void destruct(void* p) { (void)p; } /* nothing is pending */
static void dealloc(void* p) {
  free(((provider*)p)->ports);
  free(p);
}

static oft_error test_set_ports(void* p, const oft_port* ports, uint32_t n) { /* a real one asks its hardware */
  provider* pr = p;
  pr->ports = calloc(n + 1, sizeof *pr->ports);
  memcpy(pr->ports, ports, n * sizeof *ports);
  pr->n_ports = n;
  return OFT_OK;
}

static void test_inject(void* p, uint16_t number, const uint8_t* frame, uint64_t len) {
  provider* pr = p;
  const packet in = packet_of(number, frame, len);
  const uint32_t refused = DOWN | (in.key.dl_dst == 0x0180c2000000 ? NO_RECV_STP : NO_RECV);
  if (len < 14 || (find_port(pr, number)->config & refused) != 0 || (pr->drop_fragments && in.fragment)) return;
  run_table(pr, &in);
}

/* clang-format off */
static const oft_provider table = {
    .abi_major = OFT_PROVIDER_ABI_MAJOR, .abi_minor = OFT_PROVIDER_ABI_MINOR, .size = sizeof(oft_provider),
    .name = "simple list", .create = create, .attach = attach, .destruct = destruct, .dealloc = dealloc,
    .run = run, .run_at = run_at, .rule_alloc = rule_alloc,
    .rule_construct = rule_construct, .rule_modify_actions = rule_modify_actions,
    .rule_destruct = rule_destruct, .rule_dealloc = rule_dealloc,
    .rule_get_stats = rule_get_stats, .rule_execute = rule_execute, .packet_out = packet_out,
    .get_table_info = get_table_info, .get_ports = get_ports, .port_reconfigured = port_reconfigured,
    .get_drop_frags = get_drop_frags, .set_drop_frags = set_drop_frags,
    .test_set_ports = test_set_ports, .test_inject = test_inject};
/* clang-format on */

OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) { return &table; }

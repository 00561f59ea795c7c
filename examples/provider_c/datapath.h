/* The datapath of this provider, a slow one in software. Hardware, or a datapath of your own, takes its place.
 *
 * It reads what OpenFlow 1.0 can match (not inside IPv6), and outputs, enqueues and changes Ethernet addresses;
 * check_actions() and can_match() refuse everything else. spec/packet.md says what each field of a frame is, and
 * spec/datapath.md what becomes of it. Invariant: a flow is in the list exactly while it is in force.
 */
#ifndef PROVIDER_C_DATAPATH_H
#define PROVIDER_C_DATAPATH_H

#include <stdlib.h>
#include <string.h>

#include "impl/provider.h"

/* OFPPC_*, OFPP_*, OFPAT_* and error numbers of OpenFlow 1.0. */
enum { DOWN = 1, NO_RECV = 1 << 2, NO_RECV_STP = 1 << 3, NO_FLOOD = 1 << 4, NO_FWD = 1 << 5, NO_PACKET_IN = 1 << 6 };
enum { MAX_PORT = 0xff00, IN_PORT = 0xfff8, TABLE, NORMAL, FLOOD, ALL, CONTROLLER, LOCAL };
enum { OUTPUT = 0, SET_DL_SRC = 4, SET_DL_DST = 5, ENQUEUE = 11, VENDOR = 0xffff };
#define BAD_ACTION(code) OFT_ERROR_OPENFLOW(2, code)
enum { BAD_TYPE = 0, BAD_LEN = 1, BAD_VENDOR = 2, BAD_OUT_PORT = 4 };
#define UNSUPPORTED OFT_ERROR_OPENFLOW(3, 5)

enum { MAX_DEPTH = 16, MAX_LOOKUPS = 256, MAX_COPIES = 4096 }; /* of one packet, so that its way ends */

typedef struct flow {
  struct flow* next; /* in the list */
  const oft_rule* rule;
  uint8_t *actions, *new_actions; /* those in force; those of the operation in progress */
  uint64_t len, new_len, packets, bytes, used_ms;
  oft_op* op; /* in progress, or NULL */
  enum { ADD, MODIFY, REMOVE } kind;
  struct flow* victim; /* of the add in progress */
  int replaced;        /* by an add in progress */
} flow;

typedef struct provider {
  const oft_host* host;
  void* host_data;
  int late;
  flow* flows;
  flow** pending; /* oldest first */
  uint32_t n_pending, n_tables, n_ports;
  oft_port* ports;
  oft_port_stats* port_stats;
  uint64_t lookups[255], matches[255];
  uint8_t drop_fragments;
} provider;

typedef struct packet {
  uint8_t* frame;
  uint64_t len;
  oft_match key; /* its values; no masks */
  int fragment;
  uint32_t depth, lookups, copies;
} packet;

static uint16_t be16(const uint8_t* p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t be32(const uint8_t* p) { return (uint32_t)be16(p) << 16 | be16(p + 2); }
static uint64_t be48(const uint8_t* p) { return (uint64_t)be16(p) << 32 | be32(p + 2); }

/* --- What a packet looks like, and what matches it --- */

static void parse_ipv4(packet* p, const uint8_t* ip, uint64_t left) {
  const uint64_t header = left >= 20 ? (ip[0] & 15) * 4u : 0;
  if (header < 20 || header > left) return;
  p->key.nw_src = be32(ip + 12);
  p->key.nw_dst = be32(ip + 16);
  p->key.nw_proto = ip[9];
  p->key.nw_tos = ip[1] & 0xfc;
  p->fragment = (be16(ip + 6) & 0x3fff) != 0;
  const uint8_t* l4 = ip + header;
  left -= header;
  if (p->fragment) return;
  const int tcp = ip[9] == 6 && left >= 20 && l4[12] >> 4 >= 5 && (l4[12] >> 4) * 4u <= left;
  const int udp = ip[9] == 17 && left >= 8, icmp = ip[9] == 1 && left >= 4;
  if (tcp || udp || icmp) p->key.tp_src = icmp ? l4[0] : be16(l4);
  if (tcp || udp || icmp) p->key.tp_dst = icmp ? l4[1] : be16(l4 + 2);
}

static void parse_arp(packet* p, const uint8_t* arp, uint64_t left) {
  if (left < 28 || be16(arp) != 1 || be16(arp + 2) != 0x0800 || arp[4] != 6 || arp[5] != 4) return;
  if (be16(arp + 6) <= 255) p->key.nw_proto = arp[7];
  if (p->key.nw_proto != 1 && p->key.nw_proto != 2) return;
  p->key.nw_src = be32(arp + 14);
  p->key.nw_dst = be32(arp + 24);
}

/* A copy of a frame. */
static packet packet_of(uint16_t in_port, const uint8_t* frame, uint64_t len) {
  packet p;
  memset(&p, 0, sizeof p);
  p.frame = malloc(len + 1);
  memcpy(p.frame, frame, len);
  p.len = len;
  p.key.in_port = in_port;
  if (len < 14) return p;
  p.key.dl_dst = be48(frame);
  p.key.dl_src = be48(frame + 6);
  const uint8_t *type = frame + 12, *end = frame + len;
  if (be16(type) == 0x8100 && len >= 18) {
    p.key.vlan_tci = be16(type + 2) | 0x1000; /* that bit says "a tag is present" */
    type += 4;
  }
  const uint8_t* body = type + 2;
  p.key.dl_type = be16(type);
  if (p.key.dl_type < 0x600) {
    const int snap = end - body >= 8 && memcmp(body, "\xaa\xaa\x03\0\0", 6) == 0 && be16(body + 6) >= 0x600;
    p.key.dl_type = snap ? be16(body + 6) : 0x5ff;
    body += snap ? 8 : 0;
  }
  if (p.key.dl_type == 0x0800) parse_ipv4(&p, body, (uint64_t)(end - body));
  if (p.key.dl_type == 0x0806) parse_arp(&p, body, (uint64_t)(end - body));
  return p;
}

#define DIFFERS(field) ((key->field ^ m->field) & m->field##_mask)
static int matches(const oft_match* m, const oft_match* key) {
  return !DIFFERS(in_port) && !DIFFERS(dl_src) && !DIFFERS(dl_dst) && !DIFFERS(dl_type) && !DIFFERS(vlan_tci) &&
         !DIFFERS(nw_src) && !DIFFERS(nw_dst) && !DIFFERS(nw_proto) && !DIFFERS(nw_tos) && !DIFFERS(tp_src) &&
         !DIFFERS(tp_dst);
}

static int can_match(const oft_match* m) {
  uint64_t beyond = m->tun_id_mask | m->arp_sha_mask | m->arp_tha_mask;
  for (int i = 0; i < 4; ++i) beyond |= m->reg_mask[i];
  for (int i = 0; i < 16; ++i) beyond |= m->ipv6_src_mask[i] | m->ipv6_dst_mask[i] | m->nd_target_mask[i];
  /* Unless the type says otherwise, the packet may be IPv6. */
  const int known = m->dl_type == 0x0800 || m->dl_type == 0x0806;
  if (!known) beyond |= m->nw_proto_mask | m->nw_tos_mask | m->tp_src_mask | m->tp_dst_mask;
  return beyond == 0;
}

static oft_error check_actions(const uint8_t* a, uint64_t left) {
  while (left > 0) {
    const uint64_t len = left >= 8 ? be16(a + 2) : 0;
    if (len < 8 || len % 8 != 0 || len > left) return BAD_ACTION(BAD_LEN);
    const uint16_t type = be16(a), port = be16(a + 4);
    if (type == VENDOR) return BAD_ACTION(BAD_VENDOR);
    if (type != OUTPUT && type != SET_DL_SRC && type != SET_DL_DST && type != ENQUEUE) return BAD_ACTION(BAD_TYPE);
    if (len != (type == OUTPUT ? 8 : 16)) return BAD_ACTION(BAD_LEN);
    const int real = port < MAX_PORT || port == IN_PORT || port == LOCAL;
    if (type == ENQUEUE && !real) return BAD_ACTION(BAD_OUT_PORT);
    if (type == OUTPUT && !real && (port < IN_PORT || port > LOCAL)) return BAD_ACTION(BAD_OUT_PORT);
    a += len;
    left -= len;
  }
  return OFT_OK;
}

static flow* lookup(provider* pr, uint8_t table, const oft_match* key) {
  flow* best = NULL;
  for (flow* f = pr->flows; f != NULL; f = f->next) {
    if (f->rule->table_id != table || (best != NULL && f->rule->priority <= best->rule->priority)) continue;
    if (matches(f->rule->match, key)) best = f;
  }
  ++pr->lookups[table];
  pr->matches[table] += best != NULL;
  if (pr->host->test_looked_up != NULL) {
    pr->host->test_looked_up(pr->host_data, table, best != NULL ? best->rule : NULL);
  }
  return best;
}

static uint32_t find_port(const provider* pr, uint16_t number) {
  uint32_t i = 0;
  while (i < pr->n_ports && pr->ports[i].number != number) ++i;
  return i; /* n_ports: there is none */
}

static void transmit(provider* pr, packet* p, uint16_t number) {
  const uint32_t i = find_port(pr, number);
  if (i == pr->n_ports || (pr->ports[i].config & (NO_FWD | DOWN)) != 0 || p->copies++ >= MAX_COPIES) return;
  ++pr->port_stats[i].tx_packets;
  pr->port_stats[i].tx_bytes += p->len;
  if (pr->host->test_transmitted != NULL) pr->host->test_transmitted(pr->host_data, number, p->frame, p->len);
}

static void flood(provider* pr, packet* p, uint32_t without) {
  for (uint32_t i = 0; i < pr->n_ports; ++i) {
    const oft_port* port = &pr->ports[i];
    if (port->number != p->key.in_port && (port->config & without) == 0) transmit(pr, p, port->number);
  }
}

static void hand_up(provider* pr, packet* p, enum oft_packet_in_reason reason, uint16_t max_len) {
  if (p->copies++ >= MAX_COPIES) return;
  pr->host->packet_in(pr->host_data, p->key.in_port, p->frame, p->len, reason, max_len);
}

static void run_table(provider* pr, packet* p, uint8_t table);

static void run_actions(provider* pr, packet* p, const uint8_t* a, uint64_t len) {
  for (const uint8_t* end = a + len; a < end; a += be16(a + 2)) {
    const uint16_t type = be16(a), port = be16(a + 4), in_port = p->key.in_port;
    if (type == SET_DL_SRC || type == SET_DL_DST) {
      memcpy(p->frame + (type == SET_DL_SRC ? 6 : 0), a + 4, 6);
      *(type == SET_DL_SRC ? &p->key.dl_src : &p->key.dl_dst) = be48(a + 4);
    } else if (port == TABLE) {
      if (p->depth >= MAX_DEPTH || p->lookups++ >= MAX_LOOKUPS) continue;
      ++p->depth;
      run_table(pr, p, 0);
      --p->depth;
    } else if (port == CONTROLLER) {
      hand_up(pr, p, OFT_ACTION, be16(a + 6));
    } else if (port == ALL || port == FLOOD || port == NORMAL) { /* nothing is learned */
      flood(pr, p, port == ALL ? 0 : NO_FLOOD);
    } else if (port == IN_PORT || port != in_port) {
      transmit(pr, p, port == IN_PORT ? in_port : port);
    }
  }
}

static void run_flow(provider* pr, packet* p, flow* f) {
  ++f->packets;
  f->bytes += p->len;
  f->used_ms = pr->host->now_ms(pr->host_data);
  run_actions(pr, p, f->actions, f->len);
}

static void run_table(provider* pr, packet* p, uint8_t table) {
  flow* f = lookup(pr, table, &p->key);
  const uint32_t i = find_port(pr, p->key.in_port);
  if (f != NULL) {
    run_flow(pr, p, f);
  } else if (i == pr->n_ports || (pr->ports[i].config & NO_PACKET_IN) == 0) {
    hand_up(pr, p, OFT_NO_MATCH, 0xffff);
  }
}

/* --- Ports and packets --- */

/* A real one asks its hardware instead. */
static oft_error test_set_ports(void* p, const oft_port* ports, uint32_t n) {
  provider* pr = p;
  pr->ports = calloc(n + 1, sizeof *pr->ports);
  pr->port_stats = calloc(n + 1, sizeof *pr->port_stats);
  memcpy(pr->ports, ports, n * sizeof *ports);
  pr->n_ports = n;
  return OFT_OK;
}

static void test_inject(void* p, uint16_t number, const uint8_t* frame, uint64_t len) {
  provider* pr = p;
  const uint32_t i = find_port(pr, number);
  const int too_short = len < 14 || (pr->ports[i].config & DOWN) != 0;
  packet in = packet_of(number, frame, len < 14 ? 0 : len);
  const uint32_t refused = in.key.dl_dst == 0x0180c2000000 ? NO_RECV_STP : NO_RECV;
  if (too_short || (pr->ports[i].config & refused) != 0 || (pr->drop_fragments && in.fragment)) {
    ++pr->port_stats[i].rx_dropped;
  } else {
    ++pr->port_stats[i].rx_packets;
    pr->port_stats[i].rx_bytes += len;
    run_table(pr, &in, 0);
  }
  free(in.frame);
}

static oft_error rule_execute(void* p, const oft_rule* rule, uint16_t in_port, const uint8_t* frame, uint64_t len) {
  packet out = packet_of(in_port, frame, len);
  if (len >= 14) run_flow(p, &out, rule->handle);
  free(out.frame);
  return OFT_OK;
}

static oft_error packet_out(void* p, uint16_t in_port, const uint8_t* frame, uint64_t len, const uint8_t* actions,
                            uint64_t actions_len) {
  const oft_error error = check_actions(actions, actions_len);
  packet out = packet_of(in_port, frame, len);
  if (error == OFT_OK && len >= 14) run_actions(p, &out, actions, actions_len);
  free(out.frame);
  return error;
}

static uint32_t get_ports(void* p, oft_port* ports, uint32_t max) {
  const provider* pr = p;
  for (uint32_t i = 0; i < pr->n_ports && i < max; ++i) ports[i] = pr->ports[i];
  return pr->n_ports;
}

static void port_reconfigured(void* p, uint16_t number, uint32_t was, uint32_t is) {
  (void)was;
  const uint32_t i = find_port(p, number);
  if (i < ((provider*)p)->n_ports) ((provider*)p)->ports[i].config = is;
}

static void get_port_stats(void* p, uint16_t number, oft_port_stats* stats) {
  const uint32_t i = find_port(p, number);
  if (i < ((provider*)p)->n_ports) *stats = ((provider*)p)->port_stats[i];
}

static void get_table_info(void* p, uint8_t id, oft_table_info* info) {
  memcpy(info->name, "list", 5);
  info->wildcards = 0x3fffff;
  info->max_entries = 1000000;
  info->lookup_count = ((provider*)p)->lookups[id];
  info->matched_count = ((provider*)p)->matches[id];
}

static uint8_t get_drop_frags(void* p) { return ((provider*)p)->drop_fragments; }
static void set_drop_frags(void* p, uint8_t drop) { ((provider*)p)->drop_fragments = drop; }

#endif

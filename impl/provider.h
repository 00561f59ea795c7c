/* The interface between a switch and its datapath provider: plain C, header only, two function tables.
 *
 * The host (the switch) owns the base of every rule; the provider owns an opaque handle that it returns from
 * rule_alloc(). The provider library has no undefined symbols: it exports one function, `oft_provider_get`, and reaches
 * the host only through the host table that attach() is given. Everything runs in one thread.
 *
 * A rule's life: rule_alloc -> (host fills the base) -> rule_construct -> in use -> rule_destruct -> rule_dealloc.
 *  - rule_construct may refuse by returning an error: then no operation exists and nothing may complete. Otherwise it
 *    returns OFT_OK and completes `op` exactly once, from inside the call, from run(), or from destroy().
 *  - rule_modify_actions always starts an operation; completing it with an error makes the host restore the old
 * actions.
 *  - rule_destruct always starts an operation, which must complete without error.
 *  - A replaced rule (the victim) gets no rule_destruct; it is only deallocated, after the replacement has succeeded.
 * When the replacement fails, the new rule is only deallocated and the victim is in force again.
 *  - rule_dealloc comes exactly once per rule_alloc.
 *
 * A rule is in force from the successful completion of its construction to that of its replacement or removal, and a
 * modified one has its old actions until the modification has completed with success; while an operation on it is in
 * progress, a packet may or may not meet it. What is checked of all this, clause by clause: spec/provider.md (the
 * contract), spec/datapath.md, spec/packet.md and spec/action.md (what packets meet), spec/expiry.md.
 *
 * Which queues a port has, a provider does not say: the host answers every question about queues as for ports that have
 * none. An enqueue action is the provider's to take or refuse, and what it does with the queue is not seen.
 *
 * All integers are in host byte order except inside `actions` (OpenFlow 1.0 wire format) and frames.
 */
#ifndef OFT_PROVIDER_H
#define OFT_PROVIDER_H 1

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Versions. A provider says in its table against which version it was built, and how large the table was then. The host
 * takes a provider of the same major version and of the same or a smaller minor one: members are only ever appended,
 * and those that a provider does not have yet count as NULL. A provider may use of a struct that the host fills only
 * what lies within its `size`. */
#define OFT_PROVIDER_ABI_MAJOR 1
#define OFT_PROVIDER_ABI_MINOR 2

/* 0, or space << 32 | type << 16 | code. */
typedef uint64_t oft_error;
#define OFT_OK ((oft_error)0)
#define OFT_ERROR_OPENFLOW(type, code) ((oft_error)1 << 32 | (oft_error)(uint16_t)(type) << 16 | (uint16_t)(code))
#define OFT_ERROR_NICIRA(type, code) ((oft_error)2 << 32 | (oft_error)(uint16_t)(type) << 16 | (uint16_t)(code))
#define OFT_ERROR_ERRNO(value) ((oft_error)3 << 32 | (uint16_t)(value))

/* Counters of all ones mean "unknown". */
#define OFT_COUNTER_UNKNOWN UINT64_MAX
/* run_at() of a provider that waits for nothing but its own calls, and of one that has work now. */
#define OFT_NEVER UINT64_MAX
#define OFT_NOW ((uint64_t)0)

/* Values and masks, field by field; a bit outside the mask is zero in the value. See spec/match.h for units. MACs are
 * the low 48 bits. */
typedef struct oft_match {
  uint32_t size; /* sizeof(struct oft_match) of the host */
  uint32_t reserved;
  uint64_t tun_id, tun_id_mask;
  uint64_t dl_src, dl_src_mask, dl_dst, dl_dst_mask;
  uint64_t arp_sha, arp_sha_mask, arp_tha, arp_tha_mask;
  uint32_t reg[4], reg_mask[4];
  uint32_t nw_src, nw_src_mask, nw_dst, nw_dst_mask;
  uint16_t in_port, in_port_mask, dl_type, dl_type_mask, vlan_tci, vlan_tci_mask;
  uint16_t tp_src, tp_src_mask, tp_dst, tp_dst_mask;
  uint8_t nw_tos, nw_tos_mask, nw_proto, nw_proto_mask;
  uint8_t ipv6_src[16], ipv6_src_mask[16], ipv6_dst[16], ipv6_dst_mask[16], nd_target[16], nd_target_mask[16];
} oft_match;

/* A rule as the host sees it. The provider reads it during a call and until rule_dealloc; it never writes. */
typedef struct oft_rule {
  uint32_t size;     /* sizeof(struct oft_rule) of the host */
  uint32_t priority; /* above 65535: a rule of the switch itself */
  void* handle;      /* what rule_alloc() returned for it */
  const oft_match* match;
  const uint8_t* actions; /* OpenFlow 1.0 wire format; changes only with rule_modify_actions */
  uint64_t actions_len;   /* bytes, a multiple of 8 */
  uint64_t cookie;        /* host byte order */
  uint64_t created_ms;
  uint16_t idle_timeout; /* seconds, 0: none */
  uint16_t hard_timeout; /* seconds, 0: none */
  uint8_t table_id;
  uint8_t send_flow_removed; /* 0 or 1 */
} oft_rule;

typedef struct oft_op oft_op; /* one operation in progress; valid until it is completed */

typedef struct oft_port {
  uint32_t size;
  uint16_t number; /* 1 to 0xfeff, or OFPP_LOCAL (0xfffe); others are ignored */
  uint8_t hw_addr[6];
  char name[16];                                             /* NUL-terminated */
  uint32_t config, state, curr, advertised, supported, peer; /* OpenFlow 1.0 ofp_phy_port */
} oft_port;

typedef struct oft_port_stats {
  uint32_t size;
  uint32_t reserved;
  uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors, tx_errors, rx_frame_err,
      rx_over_err, rx_crc_err, collisions;
} oft_port_stats;

typedef struct oft_table_info {
  uint32_t size;
  char name[32];      /* NUL-terminated */
  uint32_t wildcards; /* OFPFW_* that the table supports */
  uint32_t max_entries;
  uint64_t lookup_count, matched_count;
} oft_table_info;

enum oft_packet_in_reason { OFT_NO_MATCH = 0, OFT_ACTION = 1 };
enum oft_expiry_reason { OFT_IDLE_TIMEOUT = 0, OFT_HARD_TIMEOUT = 1 };
enum oft_port_change { OFT_PORT_ADD = 0, OFT_PORT_DELETE = 1, OFT_PORT_MODIFY = 2 };

/* What the provider may call. `host` is the pointer that attach() was given. */
typedef struct oft_host {
  uint32_t abi_major, abi_minor;
  uint32_t size; /* sizeof(struct oft_host) of the host */
  uint32_t reserved;
  uint64_t (*now_ms)(void* host);
  /* Finishes `op`, exactly once. A removal must pass OFT_OK. */
  void (*op_complete)(void* host, oft_op* op, oft_error error);
  /* From run() only: the rule has timed out. The host answers with rule_destruct, possibly before this returns. Not to
   * be called while an operation on the rule is in progress: its time comes when that has ended. */
  void (*rule_expire)(void* host, const oft_rule* rule, enum oft_expiry_reason reason);
  /* From run() or from inside packet_out(), rule_execute() or test_inject(). send_len: bytes asked for by the action,
   * 0xffff: all. */
  void (*packet_in)(void* host, uint16_t in_port, const uint8_t* frame, uint64_t len, enum oft_packet_in_reason reason,
                    uint16_t send_len);
  /* From run() only. A port is known by its name: what is reported as new or changed replaces whatever had its number
   * or its name. Of its configuration only OFPPC_PORT_DOWN counts if it was there with that number before. */
  void (*port_changed)(void* host, enum oft_port_change change, const oft_port* port);

  /* Since minor version 2: the test door's other side (see oft_provider). NULL where nobody listens. A provider with a
   * test door calls them whenever they are there, wherever a packet came from. */
  /* A lookup in the table found `rule` (NULL: a miss); before anything that follows from it. */
  void (*test_looked_up)(void* host, uint8_t table_id, const oft_rule* rule);
  /* The frame leaves on the port. */
  void (*test_transmitted)(void* host, uint16_t port, const uint8_t* frame, uint64_t len);
} oft_host;

/* What the provider implements. Members marked optional may be NULL. */
typedef struct oft_provider {
  uint32_t abi_major, abi_minor;
  uint32_t size; /* sizeof(struct oft_provider) of the provider */
  uint32_t reserved;
  const char* name;

  /* Returns an instance or NULL. `options` is the user's text, may be NULL. A provider that is part of a larger program
   * may leave this NULL and make its instances in its own way. */
  void* (*create)(const char* options);
  /* The host introduces itself; called once, before everything below. n_tables: in, what the user asked for (0: no
   * wish); out, 1 to 255. `table` and `host` stay valid until dealloc(). */
  oft_error (*attach)(void* p, const oft_host* table, void* host, uint32_t* n_tables);
  /* Completes every pending operation (oldest first, without error) and gives back nothing else; the host then
   * deallocates the rules that remain and calls dealloc(). */
  void (*destruct)(void* p);
  void (*dealloc)(void* p); /* optional for instances that create() did not make */

  /* Periodic work: completions, expiry, packets handed up. Called once per iteration, first. */
  void (*run)(void* p);
  /* When run() wants to be called: OFT_NOW, a time in ms, or OFT_NEVER. */
  uint64_t (*run_at)(void* p);

  void* (*rule_alloc)(void* p); /* NULL: no memory */
  oft_error (*rule_construct)(void* p, const oft_rule* rule, const oft_rule* victim,
                              oft_op* op); /* victim may be NULL */
  void (*rule_modify_actions)(void* p, const oft_rule* rule, oft_op* op);
  void (*rule_destruct)(void* p, const oft_rule* rule, oft_op* op);
  void (*rule_dealloc)(void* p, void* handle);
  void (*rule_get_stats)(void* p, const oft_rule* rule, uint64_t* packets, uint64_t* bytes);
  /* Runs a packet through the rule's actions and counts it. */
  oft_error (*rule_execute)(void* p, const oft_rule* rule, uint16_t in_port, const uint8_t* frame, uint64_t len);

  oft_error (*packet_out)(void* p, uint16_t in_port, const uint8_t* frame, uint64_t len, const uint8_t* actions,
                          uint64_t actions_len);

  /* Optional: picks the table for a rule whose request named none. Without it: table 0. */
  oft_error (*choose_table)(void* p, const oft_match* match, uint8_t* table_id);
  void (*flush)(void* p); /* optional: a flush pass begins */
  void (*get_table_info)(void* p, uint8_t table_id, oft_table_info* info);

  /* Writes up to `max` ports, returns how many there are. */
  uint32_t (*get_ports)(void* p, oft_port* ports, uint32_t max);
  void (*port_reconfigured)(void* p, uint16_t port, uint32_t old_config, uint32_t new_config);
  void (*get_port_stats)(void* p, uint16_t port, oft_port_stats* stats); /* optional; without it: all unknown */
  uint8_t (*get_drop_frags)(void* p);
  void (*set_drop_frags)(void* p, uint8_t drop);

  /* Optional, since minor version 1: the number of flows (at least 100) at which the provider is to evict from what it
   * caches. */
  void (*set_eviction_threshold)(void* p, uint32_t flows);

  /* Optional, since minor version 2: the test door, both or none. Through it a check sees what packets meet; without it
   * only the flow table is judged. Nobody else calls these. */
  /* Before attach(): these are all the ports that there are, links up, in this order. The provider keeps what is in
   * them. */
  oft_error (*test_set_ports)(void* p, const oft_port* ports, uint32_t n_ports);
  /* A frame has arrived on a port. All that follows from it happens before this returns: lookups, transmissions and
   * packets handed up, but no completion of an operation and no expiry. Called directly before run(). */
  void (*test_inject)(void* p, uint16_t port, const uint8_t* frame, uint64_t len);
} oft_provider;

/* The one symbol that a provider library exports: const oft_provider* oft_provider_get(void). */
typedef const oft_provider* (*oft_provider_get_fn)(void);
#if defined(__GNUC__)
#define OFT_PROVIDER_EXPORT __attribute__((visibility("default")))
#else
#define OFT_PROVIDER_EXPORT
#endif
OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void);

#ifdef __cplusplus
}
#endif
#endif

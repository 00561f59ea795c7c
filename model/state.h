// The model's whole switch as a plain value: copyable, comparable, nothing hidden, no pointers.
//
// Invariants: `tables` holds what a controller could see (and hidden rules); a rule that an operation has taken out of
// its table lives in that operation until it is known whether it comes back. Every operation belongs to a group that
// exists; a rule has at most one operation.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "spec/bytes.h"
#include "spec/clauses.h"
#include "spec/config.h"
#include "spec/error.h"
#include "spec/event.h"
#include "spec/match.h"
#include "spec/names.h"

namespace oftwin::model {

// An edition: which defects of the seed are in force, and which readings of the standard other than the law's own. E-01
// is bit 1; the list, with what each is, stands in spec/errata.md; a test keeps the two equal. A reading is a clause of
// kind freedom, whose bit is kFirstReading + clause().
inline constexpr std::size_t kFirstReading = 64;
using Errata = std::bitset<kFirstReading + kMaxClauses>;

struct Counters {
  std::uint64_t packets = 0, bytes = 0;
};
inline constexpr std::uint64_t kUnknown = UINT64_MAX;  // of a counter

struct Rule {
  RuleName name;
  std::uint8_t table = 0;
  std::uint32_t priority = 0;  // above 65535: hidden
  Match match;
  std::uint64_t cookie = 0;
  std::uint64_t created_ms = 0;
  std::uint16_t idle_timeout = 0, hard_timeout = 0;  // seconds; 0: none
  bool send_flow_removed = false;
  Bytes actions;  // OpenFlow 1.0 wire format
  std::uint64_t packets = 0, bytes = 0;
  std::uint64_t used_ms = 0;  // simulated mode: last packet, or creation
  bool exact = false;         // without wildcards as sent, but of the priority that was sent (MATCH-11)
  bool operator==(const Rule&) const = default;
};

// What one request (or the switch itself) started and has not finished. `id` is the smallest number that was free.
struct Group {
  std::uint32_t id = 0;
  std::optional<ConnName> owner;  // who asked; stays when the connection is gone (see `linked`)
  bool linked = false;            // the owner still counts this group among its own
  bool owner_destroyed = false;   // a connection of this name may exist, but it is another one
  bool submitted = false;         // all its operations have been started, and it counts as pending
  Bytes request;                  // its first 64 bytes, for an error message
  std::uint32_t buffer_id = 0xffffffff;
  Error error;  // the first one
  bool operator==(const Group&) const = default;
};

struct Operation {
  OperationKind kind = OperationKind::add;
  RuleName rule;
  std::uint32_t group = 0;
  std::optional<Rule> set_aside;        // add: the victim; remove: the rule itself
  Bytes old_actions;                    // modify
  std::uint64_t old_cookie = 0;         // modify
  std::optional<std::uint64_t> due_ms;  // simulated mode: completes by itself at this time
  bool operator==(const Operation&) const = default;
};

// A message that has arrived whole. `origin` names the rule that it would make.
struct Message {
  RuleName origin;
  Bytes bytes;
  bool operator==(const Message&) const = default;
};

// One slot of a connection's packet buffers.
struct PacketBuffer {
  bool full = false;
  std::uint32_t serial = 0;
  std::uint64_t filled_ms = 0;
  std::uint16_t in_port = 0;
  Bytes frame;
  std::optional<std::uint32_t> given;  // the id under which a switch of its own habits keeps it (ASYNC-5)
  bool operator==(const PacketBuffer&) const = default;
};

enum class Role : std::uint8_t { other = 0, master = 1, slave = 2 };
enum class FlowFormat : std::uint8_t { openflow10 = 0, nxm = 2 };
//  waiting    a service or snooping connection that has not been accepted yet
//  up         in session
//  down       a primary whose session has ended
//  accepted   a primary whose peer has accepted a new session that the switch has not noticed yet
enum class Link : std::uint8_t { waiting, up, down, accepted };

struct Connection {
  ConnName name;
  bool is_primary() const { return name.kind == ConnKind::primary; }
  Link link = Link::up;
  bool ended = false;          // the session, and the connection has not had its turn since
  bool peer_closed = false;    // and the switch has not noticed yet
  bool stalled = false;        // the peer does not read
  std::uint32_t unsent = 0;    // replies queued to a stalled peer
  std::vector<Message> inbox;  // whole messages, unread
  Bytes partial;               // of the next message
  bool broken = false;         // what follows the inbox can't be cut into messages
  std::optional<Message> blocked;
  bool retry = false;
  Role role = Role::other;
  FlowFormat flow_format = FlowFormat::openflow10;
  bool flow_mod_table_id = false;
  std::uint16_t miss_send_len = 0;
  std::vector<PacketBuffer> buffers;  // limits.packet_buffers, or none
  std::size_t next_buffer = 0;
  std::uint32_t unsent_packet_ins = 0;  // queued to a stalled peer
  std::optional<ConnName> watched;      // snooping: whose messages it is told
  std::uint32_t probe_interval_s = 0;   // 0: never
  std::uint64_t heard_s = 0;            // when the peer last gave a sign of life, or was asked for one
  bool probed = false;                  // ... it was asked
  std::uint64_t opened_s = 0;           // the session
  std::uint64_t admitted_s = 0;         // when the peer last showed that it has admitted the switch
  bool admitted = false;                // ... in this session
  bool operator==(const Connection&) const = default;
};

struct PortCounters {
  std::uint64_t rx_packets = 0, tx_packets = 0, rx_bytes = 0, tx_bytes = 0, rx_dropped = 0;
  bool operator==(const PortCounters&) const = default;
};
struct Port {
  PortConfig config;
  PortCounters counters;
  bool operator==(const Port&) const = default;
};

struct Table {
  std::vector<Rule> rules;                            // in the order in which they were made
  std::uint64_t lookup_count = 0, matched_count = 0;  // simulated mode
  bool operator==(const Table&) const = default;
};

// The environment's side: what the provider was told to answer, and what is queued for its next run.
struct Provider {
  std::array<std::vector<Answer>, 3> plan;  // by OperationKind
  std::array<Answer, 3> policy;
  std::array<std::uint32_t, 3> latency_ms{};
  using Work = std::variant<event::ProviderComplete, event::ProviderExpire, event::ProviderPacketIn,
                            event::PacketArrives, event::PortChange>;
  std::vector<Work> queue;
  bool unknown_counters = false;
  std::optional<std::variant<std::uint8_t, Error>> choose_table;
  Error execute_result, packet_out_result;
  bool alloc_fails = false;
  bool drop_fragments = false;
  bool operator==(const Provider&) const = default;
};

// A rule of the switch's own that it is to have, or (unwanted) not to have.
struct OwnRule {
  RuleName name;
  std::uint32_t priority = 0;
  Match match;
  Bytes actions;
  bool unwanted = false;
  bool operator==(const OwnRule&) const = default;
};

struct Settings {
  std::uint64_t datapath_id = 0;
  Description description;
  bool standalone = false;
  RuleName standalone_rule;  // the name of the rule that stands in for the controllers
  std::uint32_t probe_interval_s = 0;
  std::uint32_t in_band_queue = kNoQueue;
  bool operator==(const Settings&) const = default;
};

struct State {
  SwitchConfig config;  // as at the start; what changes is below
  Errata errata;
  bool dead = false;       // nothing happens any more
  bool destroyed = false;  // ... because it was asked for
  bool flushing = false;
  std::uint64_t now_ms = 0;
  std::vector<Connection> connections;  // in the order of service
  std::vector<Port> ports;
  std::vector<Table> tables;
  std::vector<Group> groups;          // in the order of creation
  std::vector<Operation> operations;  // in the order of start
  std::vector<OwnRule> own_rules;     // postponed
  bool own_retry = false;             // ... and may be tried again
  Settings settings;
  bool failed_open = false;                   // the controllers are gone for so long that the switch helps itself
  std::optional<std::uint64_t> next_sign_ms;  // ... and then asks controllers for a sign of admission
  std::vector<OwnRule> in_band_rules;
  std::uint64_t in_band_due_s = 0;  // when they are looked after next
  Provider provider;

  // All as the compiler would write it, but once, in state.cc, and not in every source that copies a state.
  State();
  State(const State&);
  State(State&&) noexcept;
  State& operator=(const State&);
  State& operator=(State&&) noexcept;
  ~State();
  bool operator==(const State&) const;
};

}  // namespace oftwin::model

// The switch as data: rules, operations, groups, connections. What happens to them stands in the files of each area.
//
// Invariants:
//  - a rule is in its table's classifier, or is an operation's victim, or is being removed (its operation is in
//    `deletions`), or is on its way in or out inside one call; never two of these;
//  - a rule has at most one operation, and rule.pending points to it;
//  - a submitted group has at least one operation, and is counted in n_pending_groups;
//  - no group points to a connection whose session has ended and which has had its turn since.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "impl/classifier.h"
#include "impl/match.h"
#include "impl/packet_buffers.h"
#include "impl/provider.h"
#include "impl/slab.h"
#include "impl/stream.h"
#include "impl/switch.h"
#include "spec/config.h"
#include "spec/error.h"
#include "spec/event.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::impl {

struct Operation;
struct Connection;

inline constexpr std::uint32_t kHighestVisiblePriority = 0xffff;
inline constexpr int kMessagesPerIteration = 50;
inline constexpr unsigned kMaxQueuedPacketIns = 100;
inline constexpr std::size_t kMaxSnoopers = 8;  // on one connection

struct Rule : ClassifierEntry {
  // What the provider sees; `owner` leads back from what it hands in.
  struct Face : oft_rule {
    Rule* owner = nullptr;
  };
  Face face{};
  oft_match provider_match{};
  std::vector<std::uint8_t> actions;
  Operation* pending = nullptr;

  bool hidden() const { return priority > kHighestVisiblePriority; }
};

inline Rule& rule_of(ClassifierEntry& entry) { return static_cast<Rule&>(entry); }
inline Rule& rule_of(const oft_rule& face) { return *static_cast<const Rule::Face&>(face).owner; }

// The operations of one request. `connection` is where an error goes, nullptr if nobody asked or nobody is left to ask.
struct Group {
  Connection* connection = nullptr;
  Group *next = nullptr, *prev = nullptr;  // in the connection's list
  std::array<std::uint8_t, OFP_ERROR_REQUEST_BYTES> request{};
  std::size_t request_len = 0;
  std::uint32_t buffer_id = OFP_NO_BUFFER;
  Error error;  // the first one
  std::size_t n_operations = 0;
  bool submitted = false;
};

// One operation in progress, with all that undoes it.
struct Operation {
  OperationKind kind = OperationKind::add;
  Rule* rule = nullptr;  // nullptr: not in use
  Group* group = nullptr;
  Rule* victim = nullptr;                 // add: the rule that was replaced
  std::vector<std::uint8_t> old_actions;  // modify
  std::uint64_t old_cookie = 0;           // modify
  bool* failed_at_once = nullptr;         // modify: set while the provider's call is under way
  std::uint32_t slot = 0, generation = 0;

  Operation* next_in_bucket = nullptr;  // in `deletions`
  std::uint64_t hash = 0;
};

struct Connection {
  ConnName name;
  bool up = false;
  bool ended = false;        // its session has ended, and it has not had its turn since
  bool connecting = false;   // primary: its attempt to reconnect was accepted, not noticed yet
  bool peer_closed = false;  // not noticed yet
  bool stalled = false;
  unsigned queued_replies = 0;
  Stream input;

  bool blocked = false;  // the message at the head of `input` was postponed
  bool retry = true;
  Group* groups = nullptr;

  // Of one session.
  std::uint32_t role = NX_ROLE_OTHER;
  bool flow_mod_table_id = false;
  std::uint32_t flow_format = NXFF_OPENFLOW10;  // of what it is told unasked
  std::uint16_t miss_send_len = 0;
  std::unique_ptr<PacketBuffers> buffers;  // primaries only, unless the switch buffers nothing
  unsigned queued_packet_ins = 0;

  // Keep-alive and admission, in whole seconds of the clock.
  std::uint32_t probe_interval_s = 0;  // 0: never
  std::uint64_t heard_s = 0;           // from the peer, or asked it
  bool asked = false;
  std::uint64_t session_s = 0, admitted_s = 0;  // when the session began, and the last sign of admission
  bool admitted = false;                        // in this session

  std::vector<Connection*> snoopers;  // who is told what is said here
  Connection* watched = nullptr;      // of one that snoops

  bool primary() const { return name.kind == ConnKind::primary; }
  bool snoop() const { return name.kind == ConnKind::snoop; }
};

// A rule that the switch itself wants to have in table 0, or not to have.
struct OwnRule {
  std::uint32_t priority = 0;
  PackedMatch match;
  std::vector<std::uint8_t> actions;
  bool wanted = true;
};

struct FailOpen {
  bool standalone = false;  // the fail mode
  bool active = false;
  std::uint64_t sign_at_ms = OFT_NEVER;  // when to ask controllers for a sign of admission
};

struct InBand {
  std::uint32_t queue = kNoQueue;
  std::vector<OwnRule> rules;
  std::uint64_t due_s = 0;
};

struct Core {
  Core(const SwitchConfig& switch_config, const oft_provider& table, void* provider_instance, Listener& output)
      : config(switch_config), provider(table), instance(provider_instance), listener(output) {}

  SwitchConfig config;  // descriptions as they are, the rest as at the start
  const oft_provider& provider;
  void* instance;
  Listener& listener;
  oft_host host{};
  std::uint64_t now_ms = 0;
  bool in_provider_run = false;
  bool completions_welcome = false;  // inside a call from which the provider may complete operations
  bool packets_welcome = false;      // inside a call from which it may hand packets up
  bool destroyed = false;
  bool flushing = false;

  std::vector<Classifier> tables;
  std::vector<std::unique_ptr<Connection>> connections;  // in the order of service
  std::vector<std::unique_ptr<Connection>> arriving;     // service connections not accepted yet
  std::vector<Connection*> came_up;                      // in this iteration
  std::vector<oft_port> ports;

  Slab<Rule> rules;
  Slab<Group> groups;
  std::deque<Operation> operations;  // by slot
  std::vector<std::uint32_t> free_operations;
  HashIndex<Operation> deletions;
  std::size_t n_pending_groups = 0;
  std::vector<OwnRule> deferred;
  bool deferred_due = false;  // a group has ended since they were tried

  std::uint64_t datapath_id = config.datapath_id;
  std::uint32_t probe_interval_s = 0;
  FailOpen fail_open;
  InBand in_band;

  // Scratch, so that the steady state allocates nothing.
  std::vector<Rule*> touched;
  std::vector<std::uint8_t> frame;
  std::vector<std::uint8_t> out;
};

// Sets a flag for as long as it lives.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  ~Raised() { flag_ = before_; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool& flag_;
  const bool before_;
};

}  // namespace oftwin::impl

// Observations: everything that a switch lets out, in one total order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/event.h"
#include "spec/match.h"
#include "spec/names.h"

namespace oftwin {

namespace observation {

// A message leaves on a connection, all bytes.
struct Send {
  ConnName conn;
  Bytes bytes;
  bool operator==(const Send&) const = default;
};

// An operation is started: rule_construct, rule_modify_actions or rule_destruct is called. The fields are those of the
// rule at the time of the call (for a modification: the new actions, and the cookie as it still is).
struct Operation {
  OperationKind kind = OperationKind::add;
  RuleName rule;
  std::optional<RuleName> victim;  // add only: the rule being replaced
  std::uint8_t table = 0;
  std::uint32_t priority = 0;  // above 65535: hidden
  Match match;
  Bytes match_rendering;  // only in observations read from a recording: NXM, see recordings/README.md
  Bytes actions;          // OpenFlow 1.0 wire format
  std::uint64_t cookie = 0;
  std::uint16_t idle_timeout = 0, hard_timeout = 0;  // seconds; 0: none
  bool send_flow_removed = false;
  bool invalid_actions = false;  // the provider refused the action list by itself
  Answer answer;
  bool operator==(const Operation&) const = default;
};
// The provider reports completion; the consequences follow.
struct Complete {
  OperationKind kind = OperationKind::add;
  RuleName rule;
  Error error;
  bool operator==(const Complete&) const = default;
};
struct Alloc {
  RuleName rule;
  bool failed = false;
  bool operator==(const Alloc&) const = default;
};
struct Dealloc {
  RuleName rule;
  bool operator==(const Dealloc&) const = default;
};
struct ChooseTable {
  std::variant<std::uint8_t, Error> answer;
  bool operator==(const ChooseTable&) const = default;
};
// A buffered packet is run through a rule.
struct Execute {
  RuleName rule;
  std::uint16_t in_port = 0;
  Bytes frame;
  Error answer;
  bool operator==(const Execute&) const = default;
};
struct PacketOut {
  std::uint16_t in_port = 0;
  Bytes actions, frame;
  bool invalid_actions = false;
  Error answer;
  bool operator==(const PacketOut&) const = default;
};
struct FlushPass {
  bool operator==(const FlushPass&) const = default;
};
struct PortReconfigured {
  std::uint16_t port = 0;
  std::uint32_t old_config = 0, new_config = 0;
  bool operator==(const PortReconfigured&) const = default;
};
struct SetDropFrags {
  bool drop = false;
  bool operator==(const SetDropFrags&) const = default;
};
// ok: no such rule, or its deletion was started. Not ok: an operation on the rule is pending.
struct HiddenDelResult {
  bool ok = true;
  bool operator==(const HiddenDelResult&) const = default;
};
// The provider is told at how many flows it is to evict.
struct EvictionThreshold {
  std::uint32_t flows = 0;
  bool operator==(const EvictionThreshold&) const = default;
};
// One flow of a dump.
struct DumpedFlow {
  RuleName rule;
  std::uint8_t table = 0;
  std::uint32_t priority = 0;
  std::uint64_t duration_s = 0, packets = 0, bytes = 0;  // all ones: unknown
  Match match;
  Bytes actions;
  bool operator==(const DumpedFlow&) const = default;
};
struct DestroySwitch {
  bool operator==(const DestroySwitch&) const = default;
};
struct Remaining {
  RuleName rule;
  bool operator==(const Remaining&) const = default;
};
struct DeallocSwitch {
  bool operator==(const DeallocSwitch&) const = default;
};

// Simulated mode: a frame leaves on a port.
struct PacketTx {
  std::uint16_t port = 0;
  Bytes frame;
  bool operator==(const PacketTx&) const = default;
};
// Simulated mode: what belongs to the frame that leaves (PacketTx) or is handed up next and does not show in it.
// Omitted when there is nothing: all zero, and no queue.
struct Metadata {
  std::uint64_t tun_id = 0;
  std::array<std::uint32_t, 4> reg{};
  std::optional<std::uint32_t> queue;  // of the port, for frames that leave
  bool operator==(const Metadata&) const = default;
};
// Simulated mode: a lookup in `table` found `rule` (nullopt: a miss). Resolves the freedom of operations in flight.
struct Lookup {
  std::uint8_t table = 0;
  std::optional<RuleName> rule;
  bool operator==(const Lookup&) const = default;
};

struct ConnUp {
  ConnName conn;
  bool operator==(const ConnUp&) const = default;
};
struct ConnDown {
  ConnName conn;
  bool operator==(const ConnDown&) const = default;
};  // the switch's side of the session is closed
struct ConnGone {
  ConnName conn;
  bool operator==(const ConnGone&) const = default;
};  // the connection object is destroyed

// Progress: what follows happened in iteration `index` of this event; emitted only before the first other observation
// of an iteration.
struct Iteration {
  std::uint32_t index = 0;
  bool operator==(const Iteration&) const = default;
};
struct Take {
  ConnName conn;
  std::uint8_t type = 0;
  std::uint32_t xid = 0;
  bool operator==(const Take&) const = default;
};
struct Retry {
  ConnName conn;
  std::uint8_t type = 0;
  std::uint32_t xid = 0;
  bool operator==(const Retry&) const = default;
};
struct Postpone {
  ConnName conn;
  std::uint32_t xid = 0;
  bool operator==(const Postpone&) const = default;
};

// What the poll loop waits for, once after every event.
enum class WakeKind : std::uint8_t { now, at, input, never };
struct Wake {
  WakeKind kind = WakeKind::never;
  std::uint64_t at_ms = 0;
  bool operator==(const Wake&) const = default;
};

// Edition ovs-2011 only: the original aborts, or corrupts memory, here. `erratum` is its ID. Nothing follows an abort.
struct Defect {
  std::string erratum;
  bool fatal = false;
  std::string what;
  bool operator==(const Defect&) const = default;
};

}  // namespace observation

using ObservationKinds =
    std::variant<observation::Send, observation::Operation, observation::Complete, observation::Alloc,
                 observation::Dealloc, observation::ChooseTable, observation::Execute, observation::PacketOut,
                 observation::FlushPass, observation::PortReconfigured, observation::SetDropFrags,
                 observation::HiddenDelResult, observation::DestroySwitch, observation::Remaining,
                 observation::DeallocSwitch, observation::PacketTx, observation::Metadata, observation::Lookup,
                 observation::ConnUp, observation::ConnDown, observation::ConnGone, observation::Iteration,
                 observation::Take, observation::Retry, observation::Postpone, observation::Wake, observation::Defect,
                 observation::EvictionThreshold, observation::DumpedFlow>;

// As EventBody: the variant, with its code in spec/values.cc.
struct Observation : ObservationKinds {
  using ObservationKinds::ObservationKinds;
  Observation();
  Observation(const Observation&);
  Observation(Observation&&) noexcept;
  Observation& operator=(const Observation&);
  Observation& operator=(Observation&&) noexcept;
  ~Observation();
  bool operator==(const Observation&) const;
};

// Channels group observations by who can show them; a comparison covers the channels that the subject has.
enum class Channel : std::uint8_t {
  message,     // Send
  provider,    // Operation, Complete, ChooseTable, Execute, PacketOut, FlushPass, PortReconfigured, SetDropFrags,
               // HiddenDelResult, DestroySwitch, Remaining, DeallocSwitch, EvictionThreshold, DumpedFlow
  packet,      // PacketTx, Metadata, Lookup
  connection,  // ConnUp, ConnDown, ConnGone
  alloc,       // Alloc, Dealloc
  progress,    // Iteration, Take, Retry, Postpone
  wake,        // Wake
  defect,      // Defect
};

constexpr unsigned bit(Channel c) { return 1u << static_cast<unsigned>(c); }

inline Channel channel_of(const Observation& o) {
  // In the order of the variant's alternatives.
  constexpr Channel channels[] = {
      Channel::message,    Channel::provider, Channel::provider, Channel::alloc,      Channel::alloc,
      Channel::provider,   Channel::provider, Channel::provider, Channel::provider,   Channel::provider,
      Channel::provider,   Channel::provider, Channel::provider, Channel::provider,   Channel::provider,
      Channel::packet,     Channel::packet,   Channel::packet,   Channel::connection, Channel::connection,
      Channel::connection, Channel::progress, Channel::progress, Channel::progress,   Channel::progress,
      Channel::wake,       Channel::defect,   Channel::provider, Channel::provider};
  static_assert(std::size(channels) == std::variant_size_v<ObservationKinds>);
  return channels[o.index()];
}

}  // namespace oftwin

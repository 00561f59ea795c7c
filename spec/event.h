// Events: everything that can happen to a switch. Every event is legal in every state; one that names a thing
// that does not exist is a no-op, so any subsequence of a trace is a trace.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "spec/bytes.h"
#include "spec/config.h"
#include "spec/error.h"
#include "spec/names.h"

namespace oftwin {

enum class OperationKind : std::uint8_t { add, modify, remove };
enum class ExpiryReason : std::uint8_t { idle, hard };
enum class PacketInReason : std::uint8_t { no_match, action };

// An OpenFlow 1.0 match as on the wire. source: struct ofp_match
using WireMatchBytes = std::array<std::uint8_t, 40>;
inline constexpr WireMatchBytes kMatchEverything = {0x00, 0x3f, 0xff, 0xff};
// In-band control's queue when it has none.
inline constexpr std::uint32_t kNoQueue = 0xffffffff;

namespace event {

// --- Connections -------------------------------------------------------------------------------------------------
// A service or snooping connection is opened by its peer (accepted at the end of the next iteration), or the switch's
// attempt to reconnect a primary is accepted. HELLO has been exchanged by both sides; it is never an observation.
struct ConnOpen {
  ConnName conn;
  bool operator==(const ConnOpen&) const = default;
};
// The peer closes the connection. The switch notices when it next does I/O on it and may read it.
struct ConnClose {
  ConnName conn;
  bool operator==(const ConnClose&) const = default;
};
// The peer stops (true) or resumes (false) reading what the switch sends.
struct PeerStall {
  ConnName conn;
  bool stalled = true;
  bool operator==(const PeerStall&) const = default;
};
// Bytes arrive on the connection's stream, not necessarily whole messages.
struct Recv {
  ConnName conn;
  Bytes bytes;
  bool operator==(const Recv&) const = default;
};

// --- The provider (scripted mode unless said otherwise) -----------------------------------------------------------
// Appends one-shot answers for operations of one kind.
struct ProviderPlan {
  OperationKind kind = OperationKind::add;
  std::vector<Answer> answers;
  bool operator==(const ProviderPlan&) const = default;
};
// The answer when the queue of planned ones is empty; nullopt: for all three kinds. At the start: done.
struct ProviderPolicy {
  std::optional<OperationKind> kind;
  Answer answer;
  bool operator==(const ProviderPolicy&) const = default;
};
// The provider completes the pending operation on `rule` at the start of the next iteration. Both modes. A removal
// always completes without error.
struct ProviderComplete {
  RuleName rule;
  Error error;
  bool operator==(const ProviderComplete&) const = default;
};
// The provider expires `rule` at the start of the next iteration. In simulated mode rules time out by themselves.
struct ProviderExpire {
  RuleName rule;
  ExpiryReason reason = ExpiryReason::idle;
  bool operator==(const ProviderExpire&) const = default;
};
// The provider hands up a packet at the start of the next iteration. send_len: bytes asked for by the action.
struct ProviderPacketIn {
  std::uint16_t port = 0;
  PacketInReason reason = PacketInReason::no_match;
  std::uint16_t send_len = 0xffff;
  Bytes frame;
  bool operator==(const ProviderPacketIn&) const = default;
};
// Sets what the provider reports as counters of `rule` (0/0 for a new rule).
struct ProviderCounters {
  RuleName rule;
  std::uint64_t packets = 0, bytes = 0;
  bool operator==(const ProviderCounters&) const = default;
};
// The provider reports "unknown" (all ones) for every counter.
struct ProviderUnknownCounters {
  bool unknown = true;
  bool operator==(const ProviderUnknownCounters&) const = default;
};
// nullopt: the provider has no choose-table function (at the start).
struct ProviderChooseTable {
  std::optional<std::variant<std::uint8_t, Error>> answer;
  bool operator==(const ProviderChooseTable&) const = default;
};
struct ProviderExecuteResult {
  Error error;
  bool operator==(const ProviderExecuteResult&) const = default;
};
struct ProviderPacketOutResult {
  Error error;
  bool operator==(const ProviderPacketOutResult&) const = default;
};
struct ProviderAllocFail {
  bool fail = true;
  bool operator==(const ProviderAllocFail&) const = default;
};
// Simulated mode: operations of this kind that the plan leaves `done` complete `ms` after they started (0: inside the
// call); nullopt: all three kinds.
struct ProviderLatency {
  std::optional<OperationKind> kind;
  std::uint32_t ms = 0;
  bool operator==(const ProviderLatency&) const = default;
};
// Simulated mode: a frame arrives on a port; it is processed at the start of the next iteration.
struct PacketArrives {
  std::uint16_t port = 0;
  Bytes frame;
  std::uint64_t tun_id = 0;  // of the tunnel that it came through; 0: none
  bool operator==(const PacketArrives&) const = default;
};

// --- The switch itself ----------------------------------------------------------------------------------------------
struct Clock {
  std::uint64_t ms = 0;
  bool operator==(const Clock&) const = default;
};
// The poll loop runs `iterations` times; 0: until it no longer asks to run at once (at most 1000 times).
struct Loop {
  std::uint32_t iterations = 0;
  bool operator==(const Loop&) const = default;
};
// All flows are to be flushed.
struct Flush {
  bool operator==(const Flush&) const = default;
};
// The switch makes, or removes, a rule of its own in table 0, priority above 65535.
struct HiddenAdd {
  std::uint32_t priority = 0x10000;
  WireMatchBytes match = kMatchEverything;
  Bytes actions;  // OpenFlow 1.0 wire format
  bool operator==(const HiddenAdd&) const = default;
};
struct HiddenDel {
  std::uint32_t priority = 0x10000;
  WireMatchBytes match = kMatchEverything;
  bool operator==(const HiddenDel&) const = default;
};
// The provider reports, in its next run, that a port is new, has gone (only its number counts then) or has changed.
enum class PortChangeKind : std::uint8_t { add, remove, modify };
struct PortChange {
  PortChangeKind kind = PortChangeKind::add;
  PortConfig port;
  bool operator==(const PortChange&) const = default;
};
// The whole switch is destroyed; nothing happens after it.
struct Destroy {
  bool operator==(const Destroy&) const = default;
};

// --- Settings -------------------------------------------------------------------------------------------------------
// The controllers are c<number> for these numbers from now on.
struct SetControllers {
  std::vector<std::uint16_t> numbers;
  bool operator==(const SetControllers&) const = default;
};
// All sessions are to end.
struct Reconnect {
  bool operator==(const Reconnect&) const = default;
};
enum class Setting : std::uint8_t {
  datapath_id,         // 0: the one at the start
  standalone,          // fail mode; 0 (at the start): secure
  probe_interval,      // seconds of silence before a peer is asked for a sign of life; 0 (at the start): never
  in_band_queue,       // of in-band control's rules; kNoQueue (at the start): the port's default
  eviction_threshold,  // flows
};
struct Set {
  Setting setting = Setting::datapath_id;
  std::uint64_t value = 0;  // a datapath id has 64 bits, the others 32
  bool operator==(const Set&) const = default;
};
// nullopt: stays as it is.
struct Describe {
  std::optional<std::string> mfr_desc, hw_desc, sw_desc, serial_num, dp_desc;
  bool operator==(const Describe&) const = default;
};
// What in-band control protects. MAC addresses are the low 48 bits, 0: not known. No remotes: no in-band control.
struct InBandRemote {
  std::uint32_t ip = 0;
  std::uint16_t port = 0;
  std::uint64_t next_hop_mac = 0;
  bool operator==(const InBandRemote&) const = default;
};
struct InBand {
  std::uint64_t local_mac = 0;
  std::vector<InBandRemote> remotes;
  bool operator==(const InBand&) const = default;
};
// Somebody looks at all flows, hidden ones included.
struct DumpFlows {
  bool operator==(const DumpFlows&) const = default;
};

}  // namespace event

using EventKinds =
    std::variant<event::ConnOpen, event::ConnClose, event::PeerStall, event::Recv, event::ProviderPlan,
                 event::ProviderPolicy, event::ProviderComplete, event::ProviderExpire, event::ProviderPacketIn,
                 event::ProviderCounters, event::ProviderUnknownCounters, event::ProviderChooseTable,
                 event::ProviderExecuteResult, event::ProviderPacketOutResult, event::ProviderAllocFail,
                 event::ProviderLatency, event::PacketArrives, event::Clock, event::Loop, event::Flush,
                 event::HiddenAdd, event::HiddenDel, event::PortChange, event::Destroy, event::SetControllers,
                 event::Reconnect, event::Set, event::Describe, event::InBand, event::DumpFlows>;

// The variant, with its copying, moving, comparing and destroying in spec/values.cc: some 300 sources hold events, and
// to make this code in each of them took a third of the time to compile.
struct EventBody : EventKinds {
  using EventKinds::EventKinds;
  EventBody();
  EventBody(const EventBody&);
  EventBody(EventBody&&) noexcept;
  EventBody& operator=(const EventBody&);
  EventBody& operator=(EventBody&&) noexcept;
  ~EventBody();
  bool operator==(const EventBody&) const;
};

// `id` is the `7` of `e7`. It is part of the event, so that it survives when other events of the trace are dropped;
// ids ascend within a trace. A Loop makes nothing that could need a name: its id is 0.
struct Event {
  std::uint32_t id = 0;
  EventBody body;
  bool operator==(const Event&) const = default;
};

}  // namespace oftwin

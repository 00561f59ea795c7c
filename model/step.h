// The reference switch: one total function from state and event to state and observations.
//
// It is deliberately slow and obvious. `step` changes its argument in place; a State is a plain value (copyable,
// comparable, hashable), so "before" is a copy away.
#pragma once

#include <bitset>
#include <cstddef>
#include <functional>
#include <vector>

#include "model/state.h"
#include "spec/clauses.h"
#include "spec/config.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::model {

// What one step lets out, in order, and which clauses made it so.
struct Outcome {
  std::vector<Observation> observations;
  std::bitset<kMaxClauses> clauses;
};

// A freedom of the specification, put to whoever knows what really happened. `position` in every question is the number
// of observations that the model has made in this step so far.
struct OrderQuestion {
  // `rules`: one message or pass touches these rules, in the model's own order. `records`: the same question about the
  // records of a statistics reply, as encoded bytes.
  enum class About : std::uint8_t { rules, records } about = About::rules;
  std::size_t position = 0;
  std::vector<RuleName> rules;
  std::vector<Bytes> records;
};

// What the provider answers to the call that the model is about to report. In scripted mode, and of a datapath of
// somebody else's. `packet_out`: the call is packet_out, of which only the answer's error counts (a provider may refuse
// an action list by itself); `execute`: it is rule_execute, likewise.
struct AnswerQuestion {
  std::size_t position = 0;
  OperationKind kind = OperationKind::add;
  RuleName rule;
  Answer planned;  // what plan and policy of the trace say
  bool packet_out = false, execute = false;
};

// What a datapath of somebody else's does by itself in its periodic work.
using ProviderAct =
    std::variant<event::ProviderComplete, event::ProviderExpire, event::ProviderPacketIn, event::PortChange>;

// Simulated mode, while operations are in flight: which of `candidates` (nullopt: a miss) did the packet meet?
struct LookupQuestion {
  std::size_t position = 0;
  std::uint8_t table = 0;
  std::vector<std::optional<RuleName>> candidates;
};

// How much of a packet a packet-in holds, and under which id the rest is kept (ASYNC-5).
struct PacketInForm {
  std::uint32_t buffer_id = 0xffffffff;  // all ones: it is not kept
  std::size_t length = 0;                // bytes of the frame
};
struct PacketInQuestion {
  ConnName conn;
  PacketInForm law;       // of the model's own accord
  std::size_t frame = 0;  // its length
};

// Each resolver may be empty: then the model's own order, the planned answer and the first candidate are taken. A
// resolver's answer must be a permutation of the question (else it is ignored), so a subject cannot lie through it.
struct Choices {
  // Returns indices into rules or records.
  std::function<std::vector<std::size_t>(const OrderQuestion&)> order;
  std::function<Answer(const AnswerQuestion&)> answer;
  std::function<std::size_t(const LookupQuestion&)> lookup;
  // Whether the switch reads the standard in the other way that this clause (its position) names; as the edition says
  // if this is empty.
  std::function<bool(std::size_t clause)> reading;
  // Which of several faults of a request is told (MSG-20); the first is the law's own.
  std::function<std::size_t(const std::vector<Error>& faults)> fault;
  // What was sent; an answer that ASYNC-5 does not allow is ignored.
  std::function<PacketInForm(const PacketInQuestion&)> packet_in;
  // Simulated mode: if this is there, the datapath is somebody else's (DP-19, DP-20, EXP-7). Its answers are asked for,
  // nothing of a trace's plans holds, and this is asked what it does next in the iteration at hand (nullopt: nothing).
  std::function<std::optional<ProviderAct>(std::size_t position)> act;
  // ... which table it chooses; nullopt: it has no function that chooses.
  std::function<std::optional<std::variant<std::uint8_t, Error>>(std::size_t position)> table;
  // ... whether it has no memory for the rule that is to be made; as a trace says if this is empty.
  std::function<bool(std::size_t position)> no_memory;
  // ... false: what it does to packets can't be seen, and nothing is predicted of them and of what they count.
  bool packets = true;
};

// Edition = set of errata that are in force (design: editions and errata). Empty: `corrected`. All: `ovs-2011`.
State initial(const SwitchConfig& config, const Errata& errata = {});

// Total: never fails, never throws on any input. Appends to `out`. A dead state yields nothing.
void step(State& state, const Event& event, const Choices& choices, Outcome& out);

}  // namespace oftwin::model

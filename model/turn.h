// One step in progress: the state that it changes, whom to ask, what has come out, and the few things that every part
// of the switch does: hit a clause, let out an observation, find a rule or a connection.
//
// Invariant: once the state is dead, nothing more comes out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/decode.h"
#include "model/state.h"
#include "model/step.h"
#include "spec/clauses.h"

namespace oftwin::model {

// A clause that exists; anything else does not compile.
struct ClauseId {
  consteval ClauseId(const char* id) : index(clause(id)) {}
  std::size_t index;
};

// How handling a message ended: done, done with an error for its sender, or not done at all.
struct Verdict {
  bool postponed = false;
  Error error;
};

// The first of `things` whose `field` is `key`; nullptr if there is none.
template <class Things, class Key, class Field>
auto* find(Things& things, const Key& key, Field field) {
  const auto it = std::ranges::find(things, key, field);
  return it == std::ranges::end(things) ? nullptr : &*it;
}
template <class Ports>  // const or not
auto* find_port(Ports& ports, std::uint16_t number) {
  return find(ports, number, [](const Port& p) { return p.config.number; });
}

struct Turn {
  State& state;
  const Choices& choices;
  Outcome& out;
  const std::size_t first = out.observations.size();  // where this step's observations begin
  std::optional<std::uint32_t> iteration = {};        // of the loop, as long as nothing of it has come out

  void hit(ClauseId id) { out.clauses.set(id.index); }
  // A message's handling ends so, and this is why.
  Verdict end(ClauseId why, const Verdict& verdict) {
    hit(why);
    return verdict;
  }
  Verdict done(ClauseId why) { return end(why, {}); }
  Verdict postpone(ClauseId why) { return end(why, {true, {}}); }
  Verdict refuse(ClauseId why, std::uint16_t type, std::uint16_t code) {
    return end(why, {false, openflow_error(type, code)});
  }
  std::uint8_t tos_bits() const { return erratum(15) ? kTosBitsOf2011 : kTosBits; }
  bool erratum(std::size_t number) const { return state.errata[number]; }
  // Whether the switch has the other reading that this clause names. Only asked where that makes a difference.
  bool reading(ClauseId id) {
    hit(id);
    return choices.reading ? choices.reading(id.index) : state.errata[kFirstReading + id.index];
  }
  // Which of several faults of a request is told (MSG-20); `law`: by the order that the model looks at them in.
  Error told(Error law, std::vector<Error> others);

  void emit(Observation observation);
  // Lets out that the current iteration does something. Before anything that asks for `position` or emits by itself.
  void begin_iteration_output();
  std::size_t position() const { return out.observations.size() - first; }
  void defect(const std::string& erratum, bool fatal, const std::string& what);

  Connection* connection(ConnName name) { return find(state.connections, name, &Connection::name); }
  Port* port(std::uint16_t number) { return find_port(state.ports, number); }
  Group* group(std::uint32_t id) { return find(state.groups, id, &Group::id); }
  Operation* operation_on(RuleName rule) { return find(state.operations, rule, &Operation::rule); }
  Rule* rule_in_table(RuleName name);
  bool rule_exists(RuleName name);  // in a table or set aside by an operation
};

// The datapath is not the built-in one: what it decides is a choice.
inline bool foreign(const Turn& turn) { return static_cast<bool>(turn.choices.act); }

inline bool simulated(const State& state) { return state.config.provider == ProviderMode::simulated; }

// The indices of these rules or records in the order that the choice allows; the model's own if there is none or it is
// not allowed. `tables`: of each. Those of a lower table come first whatever the choice says.
std::vector<std::size_t> chosen_order(Turn& turn, OrderQuestion question, const std::vector<std::uint8_t>& tables);

}  // namespace oftwin::model

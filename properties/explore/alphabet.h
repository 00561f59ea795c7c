// What can happen in a state of an exploration, and how the environment can answer.
//
// Invariant: the events of a state are a function of that state alone, in a fixed order, so that "the third event" is a
// name for it. Of flows (and variants) that a state does not know yet, the first stands for all.
#pragma once

#include <deque>
#include <vector>

#include "model/state.h"
#include "properties/explore/fingerprint.h"
#include "properties/explore/scope.h"
#include "properties/explore/vocabulary.h"
#include "spec/event.h"

namespace oftwin::explore {

class Alphabet {
 public:
  explicit Alphabet(const Scope& scope);

  const Scope& scope() const { return scope_; }
  const Vocabulary& words() const { return words_; }
  // What happens before the exploration begins.
  const std::vector<Event>& preamble() const { return preamble_; }

  // The events that are tried in `state`, whose canonical form `known` has just made. Valid until the next call; ids
  // are the caller's to set.
  const std::vector<Event*>& enabled(const model::State& state, const Canonical& known);

  // What the provider may answer.
  const std::vector<Answer>& answers(OperationKind kind) const { return answers_[static_cast<std::size_t>(kind)]; }

 private:
  struct Message {
    Bytes bytes;
    Label label;
  };
  // One event that is always the same.
  struct Fixed {
    Event event;
    Label label;
    ConnName conn;
  };

  // Flow-mods name their table; otherwise all go where the provider says, or to table 0.
  bool names_tables() const { return scope_.tables > 1 && !scope_.has(Kind::choose_table); }
  void make_flow_mods();
  void make_other_messages();
  void make_fixed();
  void make_answers();
  void add_message(std::uint16_t family, std::uint8_t flow, std::uint8_t variant, Bytes bytes);
  void enable_provider(const model::State& state);
  void enable_connection(const model::Connection& conn, bool may_read, const Canonical& known);
  void enable_switch(const model::State& state, const Canonical& known);
  void enable(EventBody body);
  std::vector<Event>& messages_to(ConnName conn);

  const Scope scope_;
  Vocabulary words_;
  std::vector<Event> preamble_;
  std::vector<Message> messages_;
  std::deque<std::pair<ConnName, std::vector<Event>>> to_;  // messages_ as events, for each connection
  std::vector<Fixed> own_;                                  // rules of the switch's own
  std::vector<Event> faults_, ports_, settings_;
  Event loop_, flush_, destroy_, packet_;
  std::vector<Event> arrivals_;
  std::deque<Event> made_;
  std::size_t n_made_ = 0;
  std::vector<Event*> enabled_;
  std::array<std::vector<Answer>, 3> answers_;
  std::vector<Error> failures_;  // of a completion
};

}  // namespace oftwin::explore

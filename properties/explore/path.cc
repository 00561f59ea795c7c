#include "properties/explore/path.h"

#include <algorithm>
#include <stdexcept>

#include "harness/default_config.h"
#include "harness/expect.h"
#include "harness/rename.h"
#include "harness/trace_text.h"
#include "model/step.h"
#include "properties/explore/alphabet.h"
#include "properties/explore/branches.h"

namespace oftwin::explore {

namespace {

// What the provider was seen to answer, as plans for each kind of operation; nothing if it was `done` all the time.
std::vector<EventBody> plans(const std::vector<Observation>& seen) {
  std::vector<EventBody> out;
  for (const auto kind : {OperationKind::add, OperationKind::modify, OperationKind::remove}) {
    event::ProviderPlan plan{kind, {}};
    for (const Observation& o : seen) {
      const auto* op = std::get_if<observation::Operation>(&o);
      if (op && op->kind == kind) plan.answers.push_back(op->answer);
    }
    while (!plan.answers.empty() && plan.answers.back() == Answer{}) plan.answers.pop_back();
    if (!plan.answers.empty()) out.emplace_back(std::move(plan));
  }
  return out;
}

// Plans may have answers left in the original that nobody asked for; here exactly those asked for are planned.
class Walker {
 public:
  Walker(const Scope& scope, const model::Errata& errata)
      : alphabet_(scope),
        branches_(alphabet_),
        canonical_(alphabet_.words()),
        state_(model::initial(config_of(scope), errata)),
        path_(alphabet_.preamble()) {
    model::Outcome outcome;
    for (const Event& e : path_) model::step(state_, e, {}, outcome);
  }

  void follow(const Origin& origin, std::uint32_t id) {
    canonical_(state_);
    Event event = *alphabet_.enabled(state_, canonical_)[origin.event];
    event.id = std::holds_alternative<event::Loop>(event.body) ? 0 : id;
    for (branches_.begin();; branches_.next()) {
      try_out(event);
      if (branches_.number() == origin.choice) return take(event);
    }
  }

  // By what is known of it: names may be others here than where the step was found, and so may the order of rules.
  void follow(const RoundStep& step, std::uint32_t id) {
    canonical_(state_);
    for (const Event* enabled : std::vector<Event*>(alphabet_.enabled(state_, canonical_))) {
      Event event = *enabled;
      if (fair_kind(state_, event, true) != step.kind) continue;
      event.id = step.kind.iteration ? 0 : id;
      for (branches_.begin(); branches_.more(); branches_.next()) {
        try_out(event);
        if (canonical_(after_) == step.to) return take(event);
      }
    }
    throw std::logic_error("a step of a cycle can't be found again");
  }
  std::size_t size() const { return path_.size(); }
  std::vector<Event> path() { return std::move(path_); }

 private:
  void try_out(const Event& event) {
    after_ = state_;
    outcome_.observations.clear();
    model::step(after_, event, branches_.choices(), outcome_);
  }
  void take(const Event& event) {
    state_ = after_;
    for (EventBody& plan : plans(outcome_.observations)) path_.push_back({0, std::move(plan)});
    path_.push_back(event);
  }

  Alphabet alphabet_;
  Branches branches_;
  Canonical canonical_;
  model::State state_, after_;
  model::Outcome outcome_;
  std::vector<Event> path_;
};

// A block begins with that event.
void begin_block(harness::Trace& trace, std::size_t event) {
  for (auto block = trace.blocks.begin(); block != trace.blocks.end(); ++block) {
    if (block->first >= event || event > block->last) continue;
    harness::Block rest = *block;
    rest.first = event;
    block->last = event - 1;
    trace.blocks.insert(block + 1, std::move(rest));
    return;
  }
}

// Ids that ascend again now that plans stand between the events; rules keep their makers.
std::vector<Event> with_room_for_plans(std::vector<Event> path) {
  for (Event& e : path) e.id *= 4;
  std::uint32_t last = 0;
  for (Event& e : path) {
    if (std::holds_alternative<event::Loop>(e.body)) continue;
    if (e.id == 0) e.id = last + 1;
    last = e.id;
  }
  for (Event& e : path) {
    if (auto* complete = std::get_if<event::ProviderComplete>(&e.body)) complete->rule.event *= 4;
    if (auto* expire = std::get_if<event::ProviderExpire>(&e.body)) expire->rule.event *= 4;
  }
  return path;
}

}  // namespace

std::vector<Event> path_of(const Scope& scope, const model::Errata& errata, const std::vector<Origin>& origins) {
  Walker walker(scope, errata);
  auto id = static_cast<std::uint32_t>(Alphabet(scope).preamble().size());
  for (const Origin& origin : origins) walker.follow(origin, ++id);
  return with_room_for_plans(walker.path());
}

Round round_of(const Scope& scope, const model::Errata& errata, const std::vector<Origin>& stem,
               const std::vector<RoundStep>& approach, const std::vector<RoundStep>& cycle) {
  Walker walker(scope, errata);
  auto id = static_cast<std::uint32_t>(Alphabet(scope).preamble().size());
  for (const Origin& origin : stem) walker.follow(origin, ++id);
  for (const RoundStep& step : approach) walker.follow(step, ++id);
  Round round;
  round.loop = walker.size();
  for (const RoundStep& step : cycle) walker.follow(step, ++id);
  round.path = with_room_for_plans(walker.path());
  return round;
}

harness::Trace trace_of(const Scope& scope, const std::vector<Event>& path, const std::string& edition,
                        std::vector<std::string> comments, std::optional<std::size_t> mark) {
  harness::Trace trace;
  trace.comments = std::move(comments);
  trace.edition = edition;
  trace.config = config_of(scope);
  trace.config.description = harness::default_config().description;
  trace.shown = bit(Channel::wake) | bit(Channel::alloc);
  trace.events = harness::renumbered(path, true);
  harness::make_blocks(trace);
  if (mark) begin_block(trace, *mark);
  const harness::ModelRun run = harness::run_model(trace, harness::edition_of(trace));
  for (std::size_t i = 0; i < trace.blocks.size(); ++i) trace.blocks[i].expected = run.lines[i];
  return trace;
}

std::vector<Violated> violations_of(const SwitchConfig& config, const std::vector<Event>& events,
                                    const model::Errata& errata) {
  std::vector<Violated> all;
  Checker checker;
  model::State state = model::initial(config, errata);
  model::Outcome outcome;
  bool wants = false;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const model::State before = state;
    outcome.observations.clear();
    model::step(state, events[i], {}, outcome);
    for (const Violation& v : checker.check({before, events[i], outcome.observations, state, wants})) {
      const bool known =
          std::any_of(all.begin(), all.end(), [&](const Violated& a) { return a.invariant == v.invariant; });
      if (!known) all.push_back({v.invariant, i, v.detail});
    }
    const auto* wake =
        outcome.observations.empty() ? nullptr : std::get_if<observation::Wake>(&outcome.observations.back());
    wants = wake && wake->kind == observation::WakeKind::now;
  }
  return all;
}

}  // namespace oftwin::explore

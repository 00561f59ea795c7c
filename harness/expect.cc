#include "harness/expect.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/edition.h"
#include "harness/replay.h"
#include "harness/trace_text.h"
#include "model/step.h"
#include "spec/clauses.h"

namespace oftwin::harness {
namespace {

constexpr unsigned kAlwaysShown = bit(Channel::message) | bit(Channel::provider) | bit(Channel::packet) |
                                  bit(Channel::connection) | bit(Channel::defect);

void split_into(std::vector<std::string>& lines, const std::string& text) {
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
}

bool completes(const Observation* before, const observation::Complete& c) {
  auto op = before ? std::get_if<observation::Operation>(before) : nullptr;
  if (!op || op->rule != c.rule || op->kind != c.kind) return false;
  if (op->answer.kind == AnswerKind::done) return !c.error;
  return op->answer.kind == AnswerKind::failed && op->answer.error == c.error;
}

std::string listed(const char* label, const std::vector<std::string>& lines) {
  std::string out = lines.empty() ? fmt::format("\n  {:<8} nothing", label) : "";
  for (const auto& l : lines) out += fmt::format("\n  {:<8} {}", label, l);
  return out;
}

std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  return listed("expected", expected) + listed("model", actual);
}

void check_labelled(const Trace& trace, const ModelRun& run, std::vector<Unmet>& unmet) {
  auto original = [](const Block::Labelled& l) { return l.subject == kOriginal; };
  bool any = std::any_of(trace.blocks.begin(), trace.blocks.end(),
                         [&](const Block& b) { return std::any_of(b.labelled.begin(), b.labelled.end(), original); });
  if (!any) return;
  ModelRun old = run_model(trace, all_errata());
  for (std::size_t i = 0; i < trace.blocks.size(); ++i) {
    for (const auto& l : trace.blocks[i].labelled) {
      if (!original(l)) continue;
      std::uint32_t line = trace.blocks[i].line;
      if (l.expected != old.lines[i]) {
        unmet.push_back({line, fmt::format("in edition {} the block gives something else:{}", kOriginal,
                                           difference(l.expected, old.lines[i]))});
      } else if (old.lines[i] == run.lines[i]) {
        unmet.push_back({line, fmt::format("edition {} no longer differs here", kOriginal)});
      }
    }
  }
}

void check_claims(const Trace& trace, const ClauseSet& hit, std::vector<Unmet>& unmet) {
  for (const auto& claimed : trace.clauses) {
    auto c = std::find_if(clauses().begin(), clauses().end(), [&](const Clause& x) { return x.id == claimed; });
    bool met = c != clauses().end() && hit[static_cast<std::size_t>(c - clauses().begin())];
    if (!met) unmet.push_back({0, fmt::format("the trace claims {}, but the model did not hit it", claimed)});
  }
}

}  // namespace

bool BlockLines::asked_for(const observation::Complete& c) {
  auto it = std::find_if(asked_.begin(), asked_.end(),
                         [&](const event::ProviderComplete& e) { return e.rule == c.rule && e.error == c.error; });
  if (it == asked_.end()) return false;
  asked_.erase(it);
  return true;
}

std::vector<std::string> BlockLines::lines(const Block& block, std::span<const Observation> observations) {
  std::span<const Event> events(trace_.events.data() + block.first, block.last - block.first + 1);
  naming_.enter_block(events);
  for (const auto& e : events) {
    if (auto c = std::get_if<event::ProviderComplete>(&e.body)) asked_.push_back(*c);
  }
  std::vector<std::string> out;
  const Observation* before = nullptr;
  for (const auto& o : observations) {
    auto c = std::get_if<observation::Complete>(&o);
    bool told = c && (completes(before, *c) || asked_for(*c));
    told = told || (std::holds_alternative<observation::Wake>(o) && &o != &observations.back());
    if (!told && (bit(channel_of(o)) & (kAlwaysShown | trace_.shown))) split_into(out, print_observation(o, naming_));
    before = &o;
  }
  if (std::holds_alternative<event::Loop>(events.back().body)) {
    for (const auto& c : asked_)
      out.push_back(fmt::format("provider complete {} -> nothing pending", print_rule(c.rule)));
    asked_.clear();
  }
  return out;
}

ModelRun run_model(const Trace& trace, const model::Errata& errata) {
  ModelRun run;
  model::State state = model::initial(trace.config, errata);
  BlockLines lines(trace);
  for (const auto& b : trace.blocks) {
    model::Outcome outcome;
    for (std::size_t i = b.first; i <= b.last; ++i) {
      // Positions in a step's questions count from its own first observation, so each has an Outcome of its own.
      model::Outcome one;
      model::step(state, trace.events[i], {}, one);
      outcome.observations.insert(outcome.observations.end(), one.observations.begin(), one.observations.end());
      outcome.clauses |= one.clauses;
    }
    run.lines.push_back(lines.lines(b, outcome.observations));
    run.clauses |= outcome.clauses;
  }
  return run;
}

model::Errata edition_of(const Trace& trace) {
  const std::string name = trace.edition.value_or(std::string(kCorrected));
  auto errata = parse_edition(name);
  if (!errata) throw TraceError(fmt::format("there is no edition '{}'", name));
  return *errata;
}

std::vector<Unmet> unmet_expectations(const Trace& trace, ClauseSet* clauses_hit) {
  std::vector<Unmet> unmet;
  ModelRun run = run_model(trace, edition_of(trace));
  for (std::size_t i = 0; i < trace.blocks.size(); ++i) {
    const Block& b = trace.blocks[i];
    if (!b.expected || *b.expected == run.lines[i]) continue;
    unmet.push_back({b.line, "the block gives something else:" + difference(*b.expected, run.lines[i])});
  }
  check_claims(trace, run.clauses, unmet);
  check_labelled(trace, run, unmet);
  if (clauses_hit) *clauses_hit |= run.clauses;
  return unmet;
}

}  // namespace oftwin::harness

#include "properties/explore/fair_graph.h"

#include <algorithm>
#include <deque>
#include <map>

namespace oftwin::explore {

namespace {

constexpr std::uint32_t kNone = 0xffffffff;

bool any(const FairStep&) { return true; }
bool is_iteration(const FairStep& step) { return step.iteration != 0; }
bool is_served(const FairStep& step) { return step.served != 0; }

}  // namespace

std::optional<FairKind> fair_kind(const model::State& state, const Event& event, bool wants_to_run) {
  if (std::holds_alternative<event::Loop>(event.body)) {
    if (wants_to_run) return FairKind{true, state.operations.empty()};
    return {};
  }
  const auto* complete = std::get_if<event::ProviderComplete>(&event.body);
  if (!complete || state.operations.empty()) return {};
  return FairKind{false, state.operations.front().rule == complete->rule};
}

FairGraph::FairGraph(std::vector<FairStep> steps) : steps_(std::move(steps)) {
  std::uint32_t states = 0;
  for (const FairStep& s : steps_) states = std::max({states, s.from + 1u, s.to + 1u});
  std::sort(steps_.begin(), steps_.end(), [](const FairStep& a, const FairStep& b) { return a.from < b.from; });
  first_.resize(states + 1);
  for (const FairStep& s : steps_) ++first_[s.from + 1u];
  for (std::uint32_t s = 0; s < states; ++s) first_[s + 1] += first_[s];
  components(any, &longest_);
}

// Tarjan's algorithm with a stack of its own. Sets are finished in an order in which every step that leaves one leads
// to a finished one, which is what makes `longest` known in the same pass.
std::vector<std::uint32_t> FairGraph::components(Wanted allowed, unsigned* longest) const {
  const auto states = static_cast<std::uint32_t>(first_.size() - 1);
  struct Visit {
    std::uint32_t state, next;
  };
  std::vector<std::uint32_t> component(states, kNone), index(states, kNone), low(states), waiting;
  std::vector<unsigned> length(longest ? states : 0);
  std::vector<Visit> visits;
  std::uint32_t indices = 0;
  const auto enter = [&](std::uint32_t state) {
    index[state] = low[state] = indices++;
    waiting.push_back(state);
    visits.push_back({state, first_[state]});
  };
  const auto leave = [&](std::uint32_t state) {
    if (low[state] != index[state]) return;
    std::uint32_t member;
    do {
      member = waiting.back();
      waiting.pop_back();
      component[member] = state;
    } while (member != state);
  };
  for (std::uint32_t root = 0; root < states; ++root) {
    if (index[root] != kNone) continue;
    enter(root);
    while (!visits.empty()) {
      Visit& v = visits.back();
      const std::uint32_t state = v.state;
      if (v.next == first_[state + 1]) {
        visits.pop_back();
        leave(state);
        if (!visits.empty()) low[visits.back().state] = std::min(low[visits.back().state], low[state]);
        continue;
      }
      const FairStep& step = steps_[v.next];
      if (!allowed(step)) {
        ++v.next;
      } else if (index[step.to] == kNone) {
        enter(step.to);
      } else {
        if (component[step.to] == kNone) low[state] = std::min(low[state], index[step.to]);
        if (longest) *longest = std::max(*longest, length[state] = std::max(length[state], length[step.to] + 1));
        ++v.next;
      }
    }
  }
  return component;
}

std::vector<FairStep> FairGraph::way(std::uint32_t from, std::uint32_t to, Wanted allowed,
                                     const std::vector<std::uint32_t>& component) const {
  std::map<std::uint32_t, FairStep> by;  // the step by which a state was first reached
  std::deque<std::uint32_t> frontier = {from};
  while (from != to && !by.contains(to)) {
    const std::uint32_t state = frontier.front();
    frontier.pop_front();
    for (std::uint32_t i = first_[state]; i < first_[state + 1]; ++i) {
      const FairStep& s = steps_[i];
      if (allowed(s) && component[s.to] == component[from] && s.to != from && by.try_emplace(s.to, s).second) {
        frontier.push_back(s.to);
      }
    }
  }
  std::vector<FairStep> way;
  for (std::uint32_t state = to; state != from; state = way.back().from) way.push_back(by.at(state));
  std::reverse(way.begin(), way.end());
  return way;
}

std::vector<FairStep> FairGraph::cycle(Wanted allowed, Wanted has, const Depth& depth) const {
  const std::vector<std::uint32_t> component = components(allowed, nullptr);
  std::optional<FairStep> best;
  unsigned at = 0;
  for (const FairStep& s : steps_) {
    if (component[s.from] != component[s.to] || !allowed(s) || !has(s)) continue;
    const unsigned d = depth(s.from);
    if (!best || d < at) best = s, at = d;
  }
  if (!best) return {};
  std::vector<FairStep> cycle = {*best};
  const std::vector<FairStep> back = way(best->to, best->from, allowed, component);
  cycle.insert(cycle.end(), back.begin(), back.end());
  return cycle;
}

std::vector<FairStep> FairGraph::spin(const Depth& depth) const { return cycle(is_iteration, any, depth); }
std::vector<FairStep> FairGraph::round(const Depth& depth) const { return cycle(any, is_served, depth); }

}  // namespace oftwin::explore

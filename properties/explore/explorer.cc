#include "properties/explore/explorer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "model/step.h"
#include "properties/explore/alphabet.h"
#include "properties/explore/branches.h"
#include "properties/explore/encoding.h"
#include "properties/explore/path.h"
#include "properties/explore/state_invariants.h"
#include "properties/explore/visited.h"

namespace oftwin::explore {

namespace {

using Clock = std::chrono::steady_clock;

// States that wait, one after the other: number (4 bytes), length (4), the state itself.
class Chunk {
 public:
  static constexpr std::size_t kFull = 1 << 18;  // bytes

  void add(std::uint32_t state, const std::vector<std::uint8_t>& encoded) {
    const auto size = static_cast<std::uint32_t>(encoded.size());
    const std::size_t at = bytes_.size();
    bytes_.resize(at + 8 + size);
    std::memcpy(&bytes_[at], &state, 4);
    std::memcpy(&bytes_[at + 4], &size, 4);
    std::memcpy(bytes_.data() + at + 8, encoded.data(), size);
    ++count_;
  }
  template <class F>
  void for_each(F f) const {
    for (std::size_t at = 0; at < bytes_.size();) {
      std::uint32_t state, size;
      std::memcpy(&state, &bytes_[at], 4);
      std::memcpy(&size, &bytes_[at + 4], 4);
      f(state, std::span(bytes_).subspan(at + 8, size));
      at += 8 + size;
    }
  }
  bool full() const { return bytes_.size() >= kFull; }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return bytes_.capacity(); }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t count_ = 0;
};

// What the threads share.
struct Search {
  const Scope& scope;
  const Options& options;
  const std::function<void(const Progress&)>& progress;
  const Clock::time_point begin = Clock::now();
  Visited visited = {};
  std::deque<Chunk> frontier = {}, next = {};
  std::atomic<std::size_t> next_chunk = 0;
  std::atomic<std::uint64_t> transitions = 0, terminal = 0, tried = 0, next_bytes = 0, fair_steps = 0;
  std::atomic<bool> stop = false;
  std::atomic<bool> closing = false;  // beyond the bounds: only fair steps are tried
  std::vector<FairStep> fair = {};
  std::optional<std::uint32_t> sleeper = {};
  unsigned depth = 0;
  std::mutex mutex = {};
  Clock::time_point told = begin;
  Result result = {};

  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin).count(); }
  void tell(std::uint64_t waiting) {
    if (progress) progress({depth, visited.size(), transitions.load(), waiting, seconds()});
  }
  // The bounds of a search for lassos are not its end: what was seen within them is followed on.
  void end(Ending why) {
    const std::lock_guard lock(mutex);
    const bool at_bounds = options.live && (why == Ending::states || why == Ending::depth);
    if (stop || (closing && at_bounds)) return;
    if (!closing || why == Ending::asked) result.ending = why;
    if (at_bounds) {
      result.states = visited.size();
      result.depth = depth;
      closing = true;
    } else {
      stop = true;
    }
  }
};

// One thread's share of a level.
class Worker {
 public:
  explicit Worker(Search& search)
      : search_(search), alphabet_(search.scope), branches_(alphabet_), canonical_(alphabet_.words()) {
    base_ = after_ = model::initial(config_of(search.scope), search.options.errata);
  }

  Alphabet& alphabet() { return alphabet_; }

  // The state before the first event, the preamble behind it.
  void begin() {
    model::Outcome outcome;
    for (const Event& e : alphabet_.preamble()) model::step(base_, e, {}, outcome);
    enter(base_, {});
    flush();
  }

  void level() {
    const std::size_t chunks = search_.frontier.size();
    for (std::size_t i = search_.next_chunk++; i < chunks && !search_.stop; i = search_.next_chunk++) {
      search_.frontier[i].for_each([&](std::uint32_t state, std::span<const std::uint8_t> encoded) {
        if (search_.stop) return;
        expand(state, encoded);
        if (search_.options.enough && search_.options.enough()) search_.end(Ending::asked);
      });
      publish();
    }
    publish();
    flush();
  }

 private:
  void expand(std::uint32_t number, std::span<const std::uint8_t> encoded) {
    decode(encoded, alphabet_.words(), base_);
    canonical_(base_);
    const std::vector<Event*>& events = alphabet_.enabled(base_, canonical_);
    if (events.empty()) ++search_.terminal;
    const bool wants = wants_to_run();
    if (search_.options.live && stuck(base_, wants)) sleeps(number);
    const auto id = static_cast<std::uint32_t>(alphabet_.preamble().size() + search_.depth + 1);
    for (std::size_t e = 0; e < events.size(); ++e) {
      Event& event = *events[e];
      const auto fair = search_.options.live ? fair_kind(base_, event, wants) : std::nullopt;
      if (search_.closing && !fair) continue;
      event.id = std::holds_alternative<event::Loop>(event.body) ? 0 : id;
      for (branches_.begin(); branches_.more(); branches_.next()) {
        after_ = base_;
        outcome_.observations.clear();
        model::step(after_, event, branches_.choices(), outcome_);
        ++transitions_;
        const Origin origin{number, static_cast<std::uint16_t>(e), static_cast<std::uint16_t>(branches_.number())};
        if (search_.options.check) {
          const auto& found = checker_.check({base_, event, outcome_.observations, after_, wants});
          if (!found.empty()) report(found, origin);
        }
        if (search_.options.compare && corrected_differs(event)) {
          report({{Invariant::count, "the edition corrected does something else"}}, origin);
        }
        const std::uint32_t to = enter(after_, origin);
        if (fair) fair_.emplace_back(number, to, *fair);
      }
    }
    if (!search_.closing) ++tried_;
  }

  void sleeps(std::uint32_t state) {
    {
      const std::lock_guard lock(search_.mutex);
      if (!search_.sleeper) search_.sleeper = state;
    }
    search_.end(Ending::violation);
  }

  // Answers and orders are those of the step that has just been made.
  bool corrected_differs(const Event& event) {
    other_ = base_;
    other_.errata.reset();
    other_outcome_.observations.clear();
    branches_.again();
    model::step(other_, event, branches_.choices(), other_outcome_);
    branches_.done_again();
    other_.errata = after_.errata;
    return other_outcome_.observations != outcome_.observations || other_ != after_;
  }

  // Whether the loop has asked to run: an event that changes nothing makes the model say so again.
  bool wants_to_run() {
    outcome_.observations.clear();
    model::step(base_, {0, event::Clock{0}}, {}, outcome_);
    const auto* wake =
        outcome_.observations.empty() ? nullptr : std::get_if<observation::Wake>(&outcome_.observations.back());
    return wake && wake->kind == observation::WakeKind::now;
  }

  std::uint32_t enter(const model::State& state, const Origin& origin) {
    const auto [number, fresh] = search_.visited.insert(canonical_(state), origin);
    if (!fresh) return number;
    encoded_.clear();
    encode(state, alphabet_.words(), encoded_);
    chunk_.add(number, encoded_);
    if (chunk_.full()) flush();
    return number;
  }

  void flush() {
    const std::lock_guard lock(search_.mutex);
    search_.next_bytes += chunk_.bytes();
    if (chunk_.count() > 0) search_.next.push_back(std::move(chunk_));
    chunk_ = Chunk();
    search_.fair_steps += fair_.size();
    search_.fair.insert(search_.fair.end(), fair_.begin(), fair_.end());
    fair_.clear();
  }

  void publish() {
    search_.transitions += std::exchange(transitions_, 0);
    search_.tried += std::exchange(tried_, 0);
    const Options& o = search_.options;
    const std::uint64_t states = search_.visited.size();
    if (o.states != 0 && states >= o.states) search_.end(Ending::states);
    const std::uint64_t waiting = search_.next_bytes * 2, fair = search_.fair_steps * 3 * sizeof(FairStep);
    if (search_.visited.bytes() + waiting + fair > o.memory_mb << 20) search_.end(Ending::memory);
    const std::lock_guard lock(search_.mutex);
    if (Clock::now() - search_.told < std::chrono::seconds(1)) return;
    search_.told = Clock::now();
    search_.tell(states - search_.tried);
  }

  void report(const std::vector<Violation>& found, const Origin& origin) {
    const std::lock_guard lock(search_.mutex);
    auto& findings = search_.result.findings;
    for (const Violation& v : found) {
      const bool known =
          std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.invariant == v.invariant; });
      if (known) continue;
      std::vector<Origin> origins = origins_of(search_.visited, origin.parent);
      origins.push_back(origin);
      findings.push_back(
          {v.invariant, v.detail, path_of(search_.scope, search_.options.errata, origins), {}, search_.depth + 1});
    }
    if (search_.options.first_only && !findings.empty() && !search_.stop.exchange(true)) {
      search_.result.ending = Ending::violation;
    }
  }

  Search& search_;
  Alphabet alphabet_;
  Branches branches_;
  Canonical canonical_;
  Checker checker_;
  model::State base_, after_, other_;
  model::Outcome outcome_, other_outcome_;
  Chunk chunk_;
  std::vector<std::uint8_t> encoded_;
  std::vector<FairStep> fair_;
  std::uint64_t transitions_ = 0, tried_ = 0;
};

std::size_t waiting_in(const std::deque<Chunk>& chunks) {
  std::size_t sum = 0;
  for (const Chunk& c : chunks) sum += c.count();
  return sum;
}
std::size_t bytes_of(const std::deque<Chunk>& chunks) {
  std::size_t sum = 0;
  for (const Chunk& c : chunks) sum += c.bytes();
  return sum;
}

void run_level(std::deque<Worker>& workers) {
  if (workers.size() == 1) return workers.front().level();
  std::vector<std::jthread> threads;
  threads.reserve(workers.size());
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.level(); });
}

// What the search has seen of fair steps, judged.
Liveness judge(Search& search) {
  Liveness live;
  live.steps = search.fair.size();
  live.beyond = search.visited.size() - search.result.states;
  live.complete = !search.stop;
  if (search.options.enough && search.options.enough()) return live;
  const Scope& scope = search.scope;
  const model::Errata& errata = search.options.errata;
  if (search.sleeper) {
    live.lasso = sleeping_lasso(scope, errata, search.visited, *search.sleeper);
    return live;
  }
  const FairGraph graph(std::exchange(search.fair, {}));
  live.longest = graph.longest();
  const auto depth = [&](std::uint32_t state) {
    return static_cast<unsigned>(origins_of(search.visited, state).size());
  };
  LassoKind kind = LassoKind::spins;
  std::vector<FairStep> cycle = graph.spin(depth);
  if (cycle.empty()) kind = LassoKind::goes_round, cycle = graph.round(depth);
  if (!cycle.empty()) live.lasso = turning_lasso(scope, errata, search.visited, kind, cycle);
  return live;
}

}  // namespace

Result explore(const Scope& scope, const Options& options, const std::function<void(const Progress&)>& progress) {
  Search search{scope, options, progress};
  std::deque<Worker> workers;
  for (unsigned i = 0; i < std::max(options.threads, 1u); ++i) workers.emplace_back(search);
  workers.front().begin();
  while (!search.next.empty() && !search.stop) {
    if (options.depth != 0 && search.depth >= options.depth) {
      search.end(Ending::depth);
      if (!options.live) break;
    }
    search.frontier = std::exchange(search.next, {});
    search.next_chunk = 0;
    search.next_bytes = bytes_of(search.frontier);
    search.tell(waiting_in(search.frontier));
    run_level(workers);
    search.result.frontier_peak =
        std::max<std::uint64_t>(search.result.frontier_peak, bytes_of(search.frontier) + bytes_of(search.next));
    if (!search.next.empty()) ++search.depth;
  }
  Result& r = search.result;
  if (!search.closing) r.states = search.visited.size(), r.depth = search.depth;
  r.left = r.states - search.tried;
  r.transitions = search.transitions;
  r.terminal = search.terminal;
  r.bytes_kept = search.visited.bytes();
  if (options.live) r.liveness = judge(search);
  r.seconds = search.seconds();
  return std::move(r);
}

std::string_view describe(Ending ending) {
  switch (ending) {
    case Ending::exhausted:
      return "everything within the scope was tried";
    case Ending::violation:
      return "stopped at a violation";
    case Ending::depth:
      return "stopped at the depth asked for: longer sequences were not tried";
    case Ending::states:
      return "stopped at the number of states asked for: what is left was not tried";
    case Ending::asked:
      return "stopped because somebody asked for it: what is left was not tried";
    default:
      return "stopped for lack of memory: what is left was not tried";
  }
}

}  // namespace oftwin::explore

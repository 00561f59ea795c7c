#include "harness/minimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/binary.h"
#include "harness/rename.h"
#include "harness/simplify.h"
#include "harness/trace_text.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// A message by what it says, not by whom or how much.
std::string describe_message(ByteView m) {
  if (m.size() < wire::header::size) return "send";
  std::string text = fmt::format("send {}", m[1]);
  const bool error = m[1] == OFPT_ERROR && m.size() >= wire::error_msg::size;
  if (error) text += fmt::format(" {}:{}", m[8] << 8 | m[9], m[10] << 8 | m[11]);
  return text;
}

std::string describe(const std::optional<Observation>& o) {
  if (!o) return "";
  if (const auto* send = std::get_if<ob::Send>(&*o)) return describe_message(send->bytes);
  if (const auto* op = std::get_if<ob::Operation>(&*o)) return fmt::format("operation {}", static_cast<int>(op->kind));
  return fmt::format("observation {}", o->index());
}

// The current best, and the search for a better one.
class Minimizer {
 public:
  Minimizer(const Trace& trace, const Probe& probe, const MinimizeLimits& limits)
      : probe_(probe), limits_(limits), config_(trace.config), events_(trace.events) {}

  bool run() {
    if (!take(config_, events_)) return false;
    try_events(split_messages(events_));
    try_events(with_whole_messages(events_));
    try_events(without_loops(events_));
    drop_chunks();
    std::size_t before = 0;
    for (int round = 0; round < kMostRounds && !over(); ++round) {
      before = key(config_, events_);
      reduce();
      make_plain();
      if (key(config_, events_) == before) break;  // a round that began with what it ends with
    }
    return true;
  }

  Trace result(const Trace& original) const {
    Trace t;
    t.comments = original.comments;
    t.edition = original.edition;
    t.config = config_;
    t.events = events_;
    make_blocks(t);
    return t;
  }

  MinimizeEffort effort() const { return {probes_, !ended_}; }

 private:
  // Renaming opens ways now and then, and those that it opens are few.
  static constexpr int kMostRounds = 6;

  // Different for candidates that differ, as far as matters: a clash would leave a candidate untried.
  static std::size_t key(const SwitchConfig& config, const std::vector<Event>& events) {
    Trace t;
    t.config = config;
    t.events = events;
    const Bytes bytes = encode_binary(t);
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  // Asked before each probe.
  bool over() {
    ended_ = ended_ || probes_ >= limits_.max_probes || (limits_.enough && limits_.enough());
    return ended_;
  }

  // Takes the candidate, up to where it shows what is looked for, if it shows it.
  bool take(const SwitchConfig& config, std::vector<Event> events) {
    ++probes_;
    const auto at = probe_(config, events);
    if (limits_.progress) limits_.progress(probes_, at ? *at + 1 : events_.size());
    if (!at) return false;
    events.resize(*at + 1);
    events_ = std::move(events);
    if (&config != &config_) config_ = config;
    tried_.insert(key(config_, events_));
    ++work_;
    return true;
  }
  // The same, if it has not been tried.
  bool try_both(const SwitchConfig& config, std::vector<Event> events) {
    if (over() || !tried_.insert(key(config, events)).second) return false;
    return take(config, std::move(events));
  }
  bool try_events(std::vector<Event> events) { return try_both(config_, std::move(events)); }

  // The first of several that shows it.
  bool try_any(std::vector<std::vector<Event>> candidates) {
    return std::ranges::any_of(candidates, [&](std::vector<Event>& c) { return try_events(std::move(c)); });
  }

  bool try_without(std::size_t first, std::size_t count) {
    std::vector<Event> events;
    events.reserve(events_.size() - count);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (i < first || i >= first + count) events.push_back(events_[i]);
    }
    return try_events(std::move(events));
  }

  // From the end, because what is late can be left out without shifting anything before it.
  void drop_pieces(std::size_t size) {
    std::size_t end = events_.size();
    while (end > 0 && !over()) {
      const std::size_t first = end > size ? end - size : 0;
      try_without(first, end - first);
      end = std::min(first, events_.size());
    }
  }

  // With r events that matter among n, about 2 r log2(n) probes, of which the first few are the long ones.
  void drop_chunks() {
    for (std::size_t size = std::max<std::size_t>(events_.size() / 2, 1); size > 1; size /= 2) drop_pieces(size);
    drop_singles();
  }

  void drop_singles() {
    std::size_t before = 0;
    do {
      before = events_.size();
      drop_pieces(1);
    } while (events_.size() < before && !over());
  }

  // Each step opens ways for the others; sizes fall, so it ends.
  void reduce() {
    std::size_t before = 0;
    try_events(without_loops(events_));
    do {
      before = work_;
      simplify_head();
      while (try_any(simpler_together(events_))) {}
      while (try_any(with_joined_clocks(events_))) {}
      simplify_events();
      drop_singles();
    } while (work_ != before && !over());
  }

  void simplify_head() {
    bool smaller = true;
    while (std::exchange(smaller, false)) {
      for (Renaming& renamed : with_fewer_connections(config_, events_)) {
        if (try_both(renamed.config, std::move(renamed.events))) {
          smaller = true;
          break;
        }
      }
      for (const SwitchConfig& config : simpler(config_)) {
        if (try_both(config, events_)) {
          smaller = true;
          break;
        }
      }
    }
  }

  void simplify_events() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      while (i < events_.size() && simplify_event(i)) {}
    }
  }

  // The first simpler version of the event that still shows it.
  bool simplify_event(std::size_t i) {
    for (EventBody& body : simpler(events_[i].body)) {
      if (over()) return false;
      std::vector<Event> events = events_;
      events[i].body = std::move(body);
      if (try_events(std::move(events))) return true;
    }
    return false;
  }

  // Nothing gets smaller, everything gets easier to read. The order is not free: numbers come last.
  void make_plain() {
    // A crowd of messages (a limit, say) reads better as one event; a few do not.
    if (!crowded() || !try_events(joined_messages(events_))) try_events(with_loops_between(events_));
    for (auto* rename : {with_plain_connections, with_plain_ports}) {
      Renaming renamed = rename(config_, events_);
      try_both(renamed.config, std::move(renamed.events));
    }
    for (auto* rename : {with_plain_cookies, with_plain_priorities, with_plain_addresses}) try_events(rename(events_));
    if (!try_events(renumbered(events_, true))) try_events(renumbered(events_, false));
  }

  bool crowded() const {
    const auto is_message = [](const Event& e) { return std::holds_alternative<event::Recv>(e.body); };
    return std::ranges::count_if(events_, is_message) > 8;
  }

  const Probe& probe_;
  const MinimizeLimits& limits_;
  SwitchConfig config_;
  std::vector<Event> events_;
  std::unordered_set<std::size_t> tried_;  // keys
  std::size_t probes_ = 0;
  std::size_t work_ = 0;  // successful probes
  bool ended_ = false;
};

}  // namespace

bool Symptom::like(const Symptom& other) const {
  if (lost || other.lost) return lost == other.lost;
  // One side may have changed with the circumstances: what comes next instead, for example.
  return (want == other.want && !want.empty()) || (got == other.got && !got.empty()) || *this == other;
}

Symptom symptom_of(const Divergence& d) {
  Symptom s{describe(d.want), describe(d.got), false};
  if (!d.note.empty()) s.got = d.note;
  return s;
}

std::optional<Symptom> symptom_of_run(Subject& subject, const LockstepOptions& options, const SwitchConfig& config,
                                      std::span<const Event> events, std::size_t* event_index) {
  Lockstep lockstep(subject, options);
  try {
    const auto divergence = lockstep.run(config, events);
    if (!divergence) return std::nullopt;
    if (event_index) *event_index = divergence->event_index;
    return symptom_of(*divergence);
  } catch (const SubjectLost&) {
    if (event_index) *event_index = static_cast<std::size_t>(lockstep.stats().events);
    return Symptom{"", "", true};
  }
}

Probe shows(Subject& subject, LockstepOptions options, Symptom symptom) {
  return [&subject, options, symptom](const SwitchConfig& config,
                                      std::span<const Event> events) -> std::optional<std::size_t> {
    std::size_t at = 0;
    const auto shown = symptom_of_run(subject, options, config, events, &at);
    if (!shown || !shown->like(symptom)) return std::nullopt;
    return at;
  };
}

std::optional<Trace> minimize(const Trace& trace, const Probe& probe, const MinimizeLimits& limits,
                              MinimizeEffort* effort) {
  Minimizer minimizer(trace, probe, limits);
  const bool shown = minimizer.run();
  if (effort) *effort = minimizer.effort();
  return shown ? std::optional(minimizer.result(trace)) : std::nullopt;
}

std::optional<Trace> minimize_divergence(const Trace& trace, Subject& subject, const LockstepOptions& options,
                                         const MinimizeLimits& limits, MinimizeEffort* effort) {
  const auto symptom = symptom_of_run(subject, options, trace.config, trace.events);
  if (!symptom) return std::nullopt;
  return minimize(trace, shows(subject, options, *symptom), limits, effort);
}

}  // namespace oftwin::harness

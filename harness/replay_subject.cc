#include "harness/replay_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "harness/nxm_render.h"
#include "harness/replay.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// The events that can be compared, and why there are no more.
struct Part {
  std::vector<bool> as_recorded;  // of each: whether `corrected` does what was recorded
  ReplayEnd end = ReplayEnd::complete;
  std::vector<unsigned> errata;  // that explain where it does not
};

// Whether the model does what was recorded in the first `count` events with these errata.
bool explain(const model::Errata& errata, const Recording& recording, std::size_t count) {
  RecordingSubject original(recording);
  Lockstep lockstep(original, {.errata = errata, .answers_from_subject = true});
  return !lockstep.run(recording.config, std::span(recording.events).first(count));
}

// Finds the one erratum that, besides those found before, explains the first `count` events. Notes it, or 0 if it takes
// more than one.
void find_erratum(const Recording& recording, std::size_t count, model::Errata& found, std::vector<unsigned>& names) {
  if (explain(found, recording, count)) return;
  for (unsigned i = 1; i < model::kFirstReading; ++i) {
    if (!explain(model::Errata(found).set(i), recording, count)) continue;
    found.set(i);
    names.push_back(i);
    return;
  }
  found = all_errata();
  names.push_back(0);
}

// `corrected` and ovs-2011 are in the same state, and will be as long as no erratum is involved again.
bool same_state(model::State a, const model::State& b) {
  a.errata = b.errata;
  return a == b;
}

Part part_without_errata(const Recording& recording) {
  // What is allocated for a request that is then postponed is not compared.
  constexpr unsigned channels = ~bit(Channel::alloc);
  RecordingSubject one(recording), other(recording);
  Lockstep original(one, {.errata = all_errata(), .channels = channels, .answers_from_subject = true});
  Lockstep corrected(other, {.channels = channels, .answers_from_subject = true});
  original.start(recording.config);
  corrected.start(recording.config);
  model::Errata errata;
  Part part;
  for (const Event& event : recording.events) {
    original.advance(event);
    const bool differs = corrected.advance(event).has_value();
    if ((corrected.clauses_hit() & unmodelled_clauses()).any()) {
      part.end = ReplayEnd::unmodelled;
      return part;
    }
    part.as_recorded.push_back(!differs);
    if (!differs) continue;
    find_erratum(recording, part.as_recorded.size(), errata, part.errata);
    if (!same_state(corrected.state(), original.state())) {
      part.end = ReplayEnd::erratum;
      return part;
    }
    corrected.adopt_names(original.names());
  }
  return part;
}

// Where the records of a flow statistics reply begin, in either form; the end of any other message.
std::size_t records_at(ByteView m) {
  if (m.size() < wire::stats_msg::size || m[1] != OFPT_STATS_REPLY) return m.size();
  const unsigned type = unsigned{m[8]} << 8 | m[9];
  if (type == OFPST_FLOW) return wire::stats_msg::size;
  const bool extended = type == OFPST_VENDOR && m.size() >= wire::nx_stats_msg::size &&
                        m[wire::nx_stats_msg::subtype.offset + 3] == NXST_FLOW;
  return extended ? wire::nx_stats_msg::size : m.size();
}

// The records of a flow statistics reply, each as a message of its own; anything else as it is.
void add_message(const ob::Send& send, std::vector<Bytes>& out) {
  const ByteView m = send.bytes;
  Bytes prefix{static_cast<std::uint8_t>(send.conn.kind), static_cast<std::uint8_t>(send.conn.number)};
  const std::size_t header = records_at(m);
  Bytes whole = prefix;
  if (header == m.size()) whole.insert(whole.end(), m.begin(), m.end());
  out.push_back(std::move(whole));
  for (std::size_t at = header; m.size() - at >= 2;) {
    const std::size_t length = std::size_t{m[at]} << 8 | m[at + 1];
    if (length == 0 || length > m.size() - at) break;
    Bytes record = prefix;
    record.insert(record.end(), m.begin() + static_cast<std::ptrdiff_t>(at),
                  m.begin() + static_cast<std::ptrdiff_t>(at + length));
    out.push_back(std::move(record));
    at += length;
  }
}

// What came out, without its order: calls by rule, table, kind and result, and messages.
std::vector<Bytes> without_order(std::span<const Observation> observations, const RuleNames& names) {
  std::vector<Bytes> out;
  const auto add = [&](std::size_t what, RuleName rule, const Bytes& more, std::initializer_list<std::uint64_t> words) {
    const RuleName n = names.to_model(rule);
    Bytes bytes{static_cast<std::uint8_t>(what)};
    const auto put = [&](std::uint64_t word) {
      for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    };
    put(rule_key(n));
    for (const std::uint64_t word : words) put(word);
    bytes.insert(bytes.end(), more.begin(), more.end());
    out.push_back(std::move(bytes));
  };
  for (const Observation& o : observations) {
    if (const auto* send = std::get_if<ob::Send>(&o)) add_message(*send, out);
    if (const auto* op = std::get_if<ob::Operation>(&o)) {
      add(o.index(), op->rule, op->actions,
          {static_cast<std::uint64_t>(op->kind), op->table, op->priority, op->cookie,
           static_cast<std::uint64_t>(op->answer.kind), op->answer.error.type, op->answer.error.code});
    }
    if (const auto* complete = std::get_if<ob::Complete>(&o)) {
      add(o.index(), complete->rule, {}, {complete->error.type, complete->error.code});
    }
    if (const auto* execute = std::get_if<ob::Execute>(&o)) add(o.index(), execute->rule, execute->frame, {});
    if (const auto* packet = std::get_if<ob::PacketOut>(&o)) add(o.index(), {}, packet->frame, {packet->in_port});
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The recording's own names, as far as the events of the part go.
class RecordedNames {
 public:
  explicit RecordedNames(const Recording& recording) : subject_(recording), lockstep_(subject_, options()) {
    lockstep_.start(recording.config);
  }
  const RuleNames& after(const Event& event) {
    lockstep_.advance(event);
    return lockstep_.names();
  }

 private:
  static LockstepOptions options() {
    return {.errata = all_errata(), .alloc_rule = AllocRule::exact, .answers_from_subject = true};
  }
  RecordingSubject subject_;
  Lockstep lockstep_;
};

}  // namespace

void AnswerBook::fill(std::span<const Observation> recorded) {
  operations_.clear();
  packet_outs_.clear();
  for (const Observation& o : recorded) {
    if (const auto* op = std::get_if<ob::Operation>(&o)) {
      operations_[{op->kind, op->table, op->priority, op->match_rendering}].push_back(op->answer);
    } else if (const auto* out = std::get_if<ob::PacketOut>(&o)) {
      packet_outs_.push_back({out->answer ? AnswerKind::failed : AnswerKind::done, out->answer});
    }
  }
}

std::optional<Answer> AnswerBook::answer(const Observation& asked) {
  std::deque<Answer>* queue = std::holds_alternative<ob::PacketOut>(asked) ? &packet_outs_ : nullptr;
  if (const auto* op = std::get_if<ob::Operation>(&asked)) {
    queue = &operations_[{op->kind, op->table, op->priority, render_nxm(op->match)}];
  }
  if (!queue || queue->empty()) return std::nullopt;
  const Answer answer = queue->front();
  queue->pop_front();
  return answer;
}

SubjectReplay replay_subject(const Recording& recording, Subject& subject, AnswerBook& answers) {
  const Part part = part_without_errata(recording);
  SubjectReplay result{.end = part.end, .errata = part.errata, .events = recording.events.size()};
  Lockstep lockstep(subject, {.answers_from_subject = true});
  RecordedNames recorded_names(recording);
  lockstep.start(recording.config);
  for (std::size_t i = 0; i < part.as_recorded.size(); ++i) {
    answers.fill(recording.outputs[i]);
    result.divergence = lockstep.advance(recording.events[i]);
    if (result.divergence) {
      result.end = ReplayEnd::diverged;
      break;
    }
    const RuleNames& theirs = recorded_names.after(recording.events[i]);
    if (!part.as_recorded[i]) continue;
    if (without_order(recording.outputs[i], theirs) != without_order(lockstep.got(), lockstep.names())) {
      result.end = ReplayEnd::order;
      break;
    }
    ++result.compared;
  }
  result.stats = lockstep.stats();
  return result;
}

void SubjectReplayCounts::add(const SubjectReplay& replay) {
  ++scenarios;
  events += replay.events;
  compared += replay.compared;
  ++ends[replay.end];
  for (const unsigned erratum : replay.errata) ++errata[erratum];
  stats += replay.stats;
}

std::string SubjectReplayCounts::print() const {
  const auto at = [this](ReplayEnd end) { return ends.contains(end) ? ends.at(end) : 0; };
  std::string which;
  for (const auto& [erratum, count] : errata) {
    which += which.empty() ? " (" : ", ";
    which += erratum == 0 ? fmt::format("several {}", count) : fmt::format("E-{:02} {}", erratum, count);
  }
  if (!which.empty()) which += ")";
  std::string out =
      fmt::format("{} scenarios, {} of {} events ({:.1f} %), {} messages; {} to the end", scenarios, compared, events,
                  events ? 100.0 * double(compared) / double(events) : 0.0, stats.messages, at(ReplayEnd::complete));
  if (at(ReplayEnd::erratum)) out += fmt::format(", {} until an erratum parts them", at(ReplayEnd::erratum));
  if (at(ReplayEnd::order)) out += fmt::format(", {} up to an order that matters", at(ReplayEnd::order));
  if (at(ReplayEnd::unmodelled)) out += fmt::format(", {} up to something unmodelled", at(ReplayEnd::unmodelled));
  if (at(ReplayEnd::diverged)) out += fmt::format(", {} diverged", at(ReplayEnd::diverged));
  if (!which.empty()) out += "; scenarios with an erratum" + which;
  return out;
}

}  // namespace oftwin::harness

#include "harness/replay_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "harness/nxm_render.h"
#include "harness/replay.h"
#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

namespace ob = observation;

// The first event at which `corrected` does something else than the recording, and whether that is because the model
// says that it does not cover it.
struct Part {
  std::size_t events = 0;
  ReplayEnd end = ReplayEnd::complete;
  unsigned erratum = 0;
};

// Whether this one erratum makes the model do what was recorded in the first `count` events.
bool explains(unsigned erratum, const Recording& recording, std::size_t count) {
  RecordingSubject original(recording);
  model::Errata errata;
  errata.set(erratum);
  Lockstep lockstep(original, {.errata = errata, .answers_from_subject = true});
  return !lockstep.run(recording.config, std::span(recording.events).first(count));
}

unsigned erratum_that_explains(const Recording& recording, std::size_t count) {
  for (unsigned i = 1; i < model::Errata{}.size(); ++i) {
    if (explains(i, recording, count)) return i;
  }
  return 0;
}

Part part_without_errata(const Recording& recording) {
  RecordingSubject original(recording);
  // What is allocated for a request that is then postponed is not compared.
  Lockstep lockstep(original, {.alloc_rule = AllocRule::balanced, .answers_from_subject = true});
  lockstep.start(recording.config);
  Part part;
  for (const Event& event : recording.events) {
    const bool differs = lockstep.advance(event).has_value();
    if ((lockstep.clauses_hit() & unmodelled_clauses()).any()) return {part.events, ReplayEnd::unmodelled, 0};
    if (differs) return {part.events, ReplayEnd::erratum, erratum_that_explains(recording, part.events + 1)};
    ++part.events;
  }
  return part;
}

// The records of a flow statistics reply, each as a message of its own; anything else as it is.
void add_message(const ob::Send& send, std::vector<Bytes>& out) {
  const ByteView m = send.bytes;
  Bytes prefix{static_cast<std::uint8_t>(send.conn.kind), static_cast<std::uint8_t>(send.conn.number)};
  const bool flow_stats =
      m.size() >= wire::stats_msg::size && m[1] == OFPT_STATS_REPLY && m[8] == 0 && m[9] == OFPST_FLOW;
  const std::size_t header = flow_stats ? wire::stats_msg::size : m.size();
  Bytes whole = prefix;
  if (!flow_stats) whole.insert(whole.end(), m.begin(), m.end());
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
    for (const std::uint64_t word : {std::uint64_t{n.event}, std::uint64_t{n.index}})
      bytes.push_back(std::uint8_t(word));
    for (const std::uint64_t word : words) {
      for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    }
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
  static LockstepOptions options() { return {.answers_from_subject = true}; }
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
  SubjectReplay result{.end = part.end, .erratum = part.erratum, .events = recording.events.size()};
  Lockstep lockstep(subject, {.answers_from_subject = true});
  RecordedNames recorded_names(recording);
  lockstep.start(recording.config);
  for (std::size_t i = 0; i < part.events; ++i) {
    answers.fill(recording.outputs[i]);
    result.divergence = lockstep.advance(recording.events[i]);
    if (result.divergence) {
      result.end = ReplayEnd::diverged;
      break;
    }
    const RuleNames& theirs = recorded_names.after(recording.events[i]);
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
  if (replay.end == ReplayEnd::erratum) ++errata[replay.erratum];
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
  if (at(ReplayEnd::erratum)) out += fmt::format(", {} up to an erratum{}", at(ReplayEnd::erratum), which);
  if (at(ReplayEnd::order)) out += fmt::format(", {} up to an order that matters", at(ReplayEnd::order));
  if (at(ReplayEnd::unmodelled)) out += fmt::format(", {} up to something unmodelled", at(ReplayEnd::unmodelled));
  if (at(ReplayEnd::diverged)) out += fmt::format(", {} diverged", at(ReplayEnd::diverged));
  return out;
}

}  // namespace oftwin::harness

// Replays recordings on a subject that implements `corrected`, as far as no erratum is involved.
//
// How the steps are told apart: the model in `corrected` and the model in ovs-2011 are given the recording's choices
// (orders, answers) side by side. An event at which `corrected` lets out anything else than what was recorded involves
// an erratum, because ovs-2011 does let out what was recorded (replay() has to have said so); it is not compared. If
// both models are in the same state after it, what follows is compared again (an error that was not sent changes
// nothing else); otherwise the erratum has parted them for good, and the comparison ends.
//
// The subject is driven through the recorded events beside a second model in `corrected`, which follows
// the subject's own order where one request touches several rules (a freedom) and whose provider gives each rule the
// answer that the recording gave it. In addition, what the subject lets out in each event has to be what was recorded,
// but for the order. Where the order decides more than order (which rule gets the one buffered packet), the histories
// part for good, and the comparison ends there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "harness/lockstep.h"
#include "harness/recording.h"

namespace oftwin::harness {

// The recorded answers of the coming event, by what they answer: an operation of a kind on a match and priority in a
// table (at any time at most one rule has them), or a packet-out.
class AnswerBook {
 public:
  void fill(std::span<const Observation> recorded);
  // To be plugged into the subject; see make_builtin_subject().
  std::optional<Answer> answer(const Observation& asked);

 private:
  using Key = std::tuple<OperationKind, std::uint8_t, std::uint32_t, Bytes>;
  std::map<Key, std::deque<Answer>> operations_;
  std::deque<Answer> packet_outs_;
};

// Why the comparison ended.
enum class ReplayEnd : std::uint8_t { complete, erratum, order, unmodelled, diverged };

struct SubjectReplay {
  ReplayEnd end = ReplayEnd::complete;
  std::vector<unsigned> errata = {};     // that explain what was not compared, each once; 0: it takes several at once
  std::size_t events = 0, compared = 0;  // of the recording
  std::optional<Divergence> divergence = {};
  Stats stats = {};
};

// `subject` answers operations from `answers`.
SubjectReplay replay_subject(const Recording& recording, Subject& subject, AnswerBook& answers);

// How far it went, summed up.
struct SubjectReplayCounts {
  std::size_t scenarios = 0, events = 0, compared = 0;
  std::map<ReplayEnd, std::size_t> ends;
  std::map<unsigned, std::size_t> errata;  // in how many scenarios
  Stats stats;
  void add(const SubjectReplay& replay);
  // "140 scenarios, 5561 of 5935 events (93.7 %), 2853 messages; 117 to the end, 12 until an erratum parts them .."
  std::string print() const;
};

}  // namespace oftwin::harness

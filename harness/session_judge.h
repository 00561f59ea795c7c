// The switch of a captured session against the model, reply by reply.
//
// Invariant: each of a controller's messages is counted once. What is not known (harness/session_unknown.h), and what
// the capture ends too early to show, is neither right nor wrong.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/session.h"
#include "harness/session_unknown.h"

namespace oftwin::harness {

class SessionJudge {
 public:
  // All outlive this.
  SessionJudge(const Session& session, KnownDifferences& known, SessionReport& report)
      : session_(session), known_(known), report_(report) {}

  // Fills in the report's replies, problems, unjudged and compared.
  void judge();

 private:
  using Records = std::vector<ReplyRecord>;

  // Both sides' answers to one controller message.
  struct Exchange {
    Records model, on_switch;
    ClauseSet clauses;                                   // that the model hit there
    bool model_answers = false, switch_answers = false;  // be it with an empty list
    bool ended = true;                                   // the switch has said all that it announced
  };
  // What one side sends of its own accord on one connection, by kind; `batch` tells what came out of the same event.
  struct Unasked {
    ReplyRecord record;
    std::size_t batch = 0;
    std::size_t packet = 0;
    ClauseSet clauses;
    std::size_t message = 0;  // the last of a controller's before it
  };
  using UnaskedQueues = std::map<std::pair<ConnName, std::string_view>, std::deque<Unasked>>;
  // What is wrong between two lists, and whether anything was compared at all.
  struct Outcome {
    std::vector<ReplyDifference> differences;
    bool covered = false, excused = false, compared = false;
  };

  void find_ends();
  bool is_settled(std::size_t connection, std::size_t message, std::uint64_t time_us) const;
  void hear_switch();
  void hear_reply(std::size_t index);
  void hear_model();
  void compare(std::size_t message, Exchange& exchange);
  void compare_unasked();
  void compare_batch(ConnName conn, std::deque<Unasked>& wanted, std::deque<Unasked>& got);
  void leftover(ConnName conn, const Unasked& unasked);
  void pick(std::deque<Unasked>& got, const ReplyRecord& like, Records& out);
  void check_broken();
  void check_uses();
  Outcome compare_lists(const Unknown& unknown, Records model, Records on_switch, std::string_view request);
  void compare_pair(const Unknown& unknown, const RecordPair& pair, std::string_view request, Outcome& out,
                    std::vector<RecordPair>& alone);
  bool earlier_flow(const ReplyRecord& record) const;
  bool loose(std::string_view kind) const;
  Unknown unknown_at(std::size_t message) const;
  void excuse_once(std::string_view why) { ++report_.unjudged[std::string(why)]; }
  void problem(SessionProblem problem) { report_.problems.push_back(std::move(problem)); }

  const Session& session_;
  KnownDifferences& known_;
  SessionReport& report_;
  std::map<std::size_t, Exchange> exchanges_;  // by message
  UnaskedQueues model_, switch_;
  std::vector<std::size_t> answered_;  // by connection: one behind the last message that was answered
  std::size_t known_from_packet_ = 0;  // until then it was not known which flows there are
};

}  // namespace oftwin::harness

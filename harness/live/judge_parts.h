// The parts of the judge: messages and the states of the model in judge.cc, what the switch is expected to do in
// judge_advance.cc, what was said without being asked in judge_unasked.cc, frames on ports in judge_ports.cc, time in
// judge_time.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/live/judge.h"
#include "harness/live/reading.h"
#include "harness/live/script.h"
#include "model/step.h"

namespace oftwin::harness::live {

using Messages = std::vector<Bytes>;
using Uses = std::map<std::string, std::uint64_t, std::less<>>;

Records records_of(const Messages& messages);

// What one event lets out, in the model's words.
struct Wanted {
  Messages replies;
  std::map<ConnName, Messages> packet_ins, flow_removed, port_status;
  std::map<std::uint16_t, Messages> frames;  // by port that they leave on
};

// A flow-removed message and the event that caused it.
struct Removal {
  Bytes message;
  std::size_t event = 0;
};

Wanted wanted_of(const model::Outcome& outcome);

// How far one state of the model has read what the switch sent of its own accord.
struct Read {
  std::size_t packet_ins = 0, port_status = 0;
  bool operator==(const Read&) const = default;
};
struct Branch {
  model::State state;
  Memory memory;
  std::map<ConnName, Read> read;
  std::map<ConnName, std::vector<Removal>> removals;
  std::map<std::uint16_t, std::size_t> frames_read;
  Habits habits;
};

class Judge {
 public:
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  Judge(const Trace& scenario, const Heard& heard, const Ledger& ledger)
      : scenario_(scenario),
        heard_(heard),
        ledger_(ledger),
        accepted_(heard.accepted && ledger.dialect() && ledger.in_force(ledger.dialect()->roles_for_anyone)) {
    baseline_ = records_of(heard.table_baseline);
    for (ReplyRecord& r : records_of(heard.port_baseline)) baseline_.push_back(std::move(r));
    branches_.push_back({model::initial(scenario.config), {}, {}, {}, {}, {}});
    // A dialect says exactly what is handed up.
    if (!ledger.dialect()) {
      choices_.answer_packet_ins([this](const model::PacketInQuestion& q) { return packet_in_heard(q); });
    }
  }
  Judgement judge();

 private:
  bool compare_lists(Records model, Records real);
  bool compare_replies(const Asked& asked, const Wanted& wanted, const Memory& memory, std::size_t at);
  static bool leave_ports_open(Records& records);
  std::optional<Taken> take(const Asked& asked);
  enum class Follow : std::uint8_t { agrees, differs, leaves };
  bool wait(std::size_t at);
  void come_or_go(std::size_t at);
  void step(Branch& branch, const Event& event, std::size_t at);
  void forget_deaf(const model::State& state, Wanted& wanted) const;
  void tell_port_mod(ConnName by, const std::vector<model::Port>& ports, const Branch& after, Wanted& wanted);
  bool reset(Branch& branch);
  Follow follow_frame(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses);
  Follow follow(Branch& branch, const Event& event, std::size_t at, ClauseSet& clauses);
  bool follow_all(Branch branch, const Branch& before, const Event& event, std::size_t at, std::vector<Branch>& left,
                  ClauseSet& clauses, Uses& used);
  model::Outcome advance(Branch& branch, const Event& event, const std::optional<Taken>& taken);
  void begin_try(const Branch& branch);
  model::PacketInForm packet_in_heard(const model::PacketInQuestion& question);
  void hear_of_port_mod(const std::vector<model::Port>& ports, const Branch& branch, Wanted& wanted) const;
  bool compare_stream(const Messages& wanted, const std::deque<Bytes>& got, std::size_t& read);
  bool compare(const Asked& asked, Branch& branch, const Wanted& wanted, std::size_t at);
  bool compare_unasked(Branch& branch, const Wanted& wanted, std::size_t at);
  bool compare_frames(std::uint16_t port, const Messages& wanted, std::size_t& read);
  bool frames_unknown(const Branch& branch) const;
  bool frames_left_over(const Branch& branch);
  bool leftovers(const Branch& branch);
  std::vector<model::Rule> told_otherwise(const model::State& state) const;
  void tell_removals(std::vector<model::Rule> told, const model::State& after, Wanted& wanted);
  bool compare_removals(const Branch& branch, std::size_t& where);
  void differs(std::string kind, std::string what) {
    if (!kind_.empty()) return;
    kind_ = std::move(kind);
    what_ = std::move(what);
  }
  void leave(std::string_view reading) {
    out_.left = reading;
    ++out_.used[out_.left];
  }
  InForce in_force() const {
    return [this](std::string_view reading) { return ledger_.in_force(reading); };
  }

  const Trace& scenario_;
  const Heard& heard_;
  const Ledger& ledger_;
  // Connections that the switch accepted, and that have roles nevertheless: the model has them as primaries.
  const bool accepted_;
  std::vector<Branch> branches_;
  Script choices_;
  const std::map<ConnName, Read>* reading_ = nullptr;  // of the branch that is being tried
  std::map<ConnName, std::size_t> packet_ins_asked_;   // for the message that is being judged
  Uses used_;                                          // for the message that is being judged
  Judgement out_;
  bool missing_ = false;
  Records baseline_;
  std::string kind_, what_;  // the first difference since they were cleared
};

}  // namespace oftwin::harness::live

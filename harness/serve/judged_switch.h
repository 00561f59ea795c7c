// A switch that is judged while it is used: everything that happens to it happens to the model, too, and is kept.
//
// When the two differ, what happened is saved as a trace, and both begin anew, as a switch does after a power cut: its
// flows are gone, and so are all sessions. Going on without a judge would serve what nobody vouches for, and a model
// that is brought to the switch's state by force would no longer be the law's.
//
// Invariant: between two calls switch and model have been through the same events and agreed at each.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/lockstep.h"
#include "harness/serve/history.h"

namespace oftwin::harness {

struct JudgedSwitchOptions {
  SwitchConfig config;
  std::vector<EventBody> beginning;       // what happens first, each time that the switch begins
  std::string log;                        // folder for traces of divergences; empty: none are kept
  std::size_t history_bytes = 16u << 20;  // of one trace
  unsigned kept = 20;                     // divergences and losses that are told and saved; more are counted
  bool replaceable = false;  // a subject that is lost can begin anew: its provider has a process of its own
  std::function<void(const std::string&)> say;  // lines for a person; may be empty
};

class JudgedSwitch {
 public:
  // `subject` outlives this. throws SubjectLost.
  JudgedSwitch(Subject& subject, JudgedSwitchOptions options);

  // What came out is in got(). False: the two differed or the subject was lost, nothing came out, and the switch has
  // begun anew. throws SubjectLost after saving what led there, if the subject can't begin anew; FileError.
  bool happen(EventBody body);

  const std::vector<Observation>& got() const { return lockstep_.got(); }
  const model::State& state() const { return lockstep_.state(); }  // and the switch's, as they agree
  const Stats& stats() const { return lockstep_.stats(); }
  std::uint64_t divergences() const { return divergences_; }
  std::uint64_t losses() const { return losses_; }

 private:
  void begin_anew();
  void save(const std::string& kind, const std::string& what, const std::string& report);
  void differed(const Divergence& divergence);
  void lost(const SubjectLost& how);

  Subject& subject_;
  const JudgedSwitchOptions options_;
  Lockstep lockstep_;
  History history_;
  std::uint32_t next_id_ = 1;
  bool beginning_ = false;
  std::uint64_t divergences_ = 0, losses_ = 0;
  unsigned saved_ = 0;
};

}  // namespace oftwin::harness

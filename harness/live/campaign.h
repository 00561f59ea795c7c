// A live check: many scenarios on a switch at the other end of a socket, each judged, none lost.
//
// Scenarios are on the wire several at a time. What differs is played again by itself, ten times, on a switch that has
// been brought into a known state, and is made small there; it carries how often it showed. When the switch goes away,
// the scenarios that were on the wire are played again after it has come back; one that makes it go away again is a
// finding of its own.
//
// Invariant: each scenario is in exactly one of the report's numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/live/cables.h"
#include "harness/live/conversation.h"
#include "harness/live/judge.h"
#include "harness/live/ledger.h"
#include "harness/live/scenario.h"
#include "harness/minimize.h"
#include "harness/profile.h"

namespace oftwin::harness::live {

struct Finding;

struct CampaignOptions {
  net::Endpoint endpoint;
  net::TlsFiles tls;
  std::optional<std::string> ledger;     // a file; otherwise the one that is built in about the switch
  std::uint64_t meet_ms = 10000;         // how long the switch may take to be there, also after it went away
  std::uint64_t arrival_ms = 2000;       // that a frame may take from its cable into the switch
  std::uint64_t answer_ms = 10000;       // how long it may be silent
  std::optional<Profile> profile;        // what is generated is kept within it; what it rules out is not played
  std::uint64_t messages_per_s = 0;      // no more than that, beyond one scenario at once; 0: as fast as it goes
  std::size_t connections = kMostLinks;  // at once, if the switch takes so many; 1 to kMostLinks
  unsigned several_per_cent = 2;         // generated scenarios that use more than one
  std::function<bool()> enough;          // no more scenarios are made when it is; may be empty
  unsigned reruns = 10;                  // of a finding
  unsigned findings = 20;                // that are rerun and made small; beyond that they are only counted
  unsigned probes = 400;                 // of the minimizer, for each finding
  // Asked at the beginning of minimizing a finding: when there is enough of that. May be empty.
  std::function<std::function<bool()>()> minimizing;
  std::function<void(std::size_t, std::size_t)> minimized;  // as MinimizeLimits::progress; may be empty
  // Told of each scenario that was judged: as it was sent, and what was heard. May be empty.
  std::function<void(const Trace&, const Heard&, const Judgement&)> played;
  std::function<bool()> stop;                 // everything is left when it is, at once: net::Stopped; may be empty
  std::function<void(const Finding&)> found;  // told of each as soon as it is known; may be empty
};

struct Finding {
  std::string name;       // "seed 17", or a file
  Difference difference;  // of the small trace
  Trace trace;            // small
  std::size_t inputs = 0, inputs_before = 0;
  unsigned shown = 0, of = 0;  // reproduction rate; 0 of 0: it was not played again
  std::string rate() const;
  MinimizeEffort effort;     // that it took to make it small
  bool lost = false;         // the switch goes away
  std::string text() const;  // for a person
};

struct CampaignReport {
  std::uint64_t scenarios = 0;  // played: the sum of the next four
  std::uint64_t agreed = 0;     // to their end
  std::uint64_t left = 0;       // agreed up to a message after which the ledger has no words
  std::uint64_t unheard = 0;    // of those: before the first reply, so that nothing was compared
  std::uint64_t differing = 0;
  std::uint64_t lost = 0;      // the switch went away, repeatably
  std::uint64_t outside = 0;   // cannot be played from outside, or are not sent
  std::uint64_t messages = 0;  // judged
  std::uint64_t sent = 0;      // with those that bring the switch into a known state
  std::uint64_t reconnects = 0;
  std::uint64_t most_states = 1;
  ClauseSet clauses;
  std::map<std::string, std::uint64_t, std::less<>> used;     // readings, how often
  std::map<std::string, std::uint64_t, std::less<>> left_at;  // readings, how many scenarios were left there
  std::map<std::string, std::uint64_t, std::less<>> open;     // readings, how many replies were compared but for a part
  std::map<std::string, std::uint64_t> reasons;               // why outside, how often
  std::map<std::string, std::uint64_t> kinds;                 // of differences, how often
  std::vector<Finding> findings;
};

// Told now and then: scenarios so far and messages judged.
using Progressing = std::function<void(std::uint64_t, std::uint64_t)>;

class Campaign {
 public:
  // Meets the switch. Connects the cables that the profile names. throws LinkError, CableError, LedgerError,
  // net::NetError. Here and below net::Stopped; the report then has what there was until then.
  explicit Campaign(const CampaignOptions& options);
  ~Campaign();

  const Introduction& introduction() const { return intro_; }
  // Why the switch has no more connections than it has; empty: no more were asked for.
  std::string why_no_more_connections() const;
  const Ledger& ledger() const { return ledger_; }
  void use(Ledger ledger);

  // `count` generated scenarios. throws LinkError if the switch stays away.
  void play_random(std::uint64_t seed, std::uint64_t count, const Progressing& progress);
  // `count` generated tables, each with the packets that test it. throws LinkError if the switch stays away.
  void play_tables(std::uint64_t seed, std::uint64_t count, const Progressing& progress);
  // A trace from elsewhere, if it can be played from outside.
  void play(const std::string& name, const Trace& trace);

  // Something that is not played, and why.
  void leave_out(const std::string& why);

  const CampaignReport& report() const { return report_; }

 private:
  struct Job {
    std::string name;
    Trace trace;
  };

  std::vector<std::uint16_t> cables() const { return cables_ ? cables_->ports() : std::vector<std::uint16_t>(); }
  void meet();
  void restore_ports();
  void keep_pace();
  void begin(const Trace& scenario);
  void add_connections(std::size_t before);
  void name_connections();
  void meet_again(const std::string& why);
  Job random_job(std::uint64_t seed);
  void play_made(std::uint64_t count, const std::function<Job(std::uint64_t)>& make, const Progressing& progress);
  void run(const std::function<std::optional<Job>()>& next, const Progressing& progress);
  void finish_one();
  void count(const Judgement& judgement);
  Judgement judge_finished();
  std::optional<Judgement> alone(const Trace& scenario);
  void examine(const Job& job, const Difference& difference);
  // As it was found: told, and in the report from now on.
  Finding& add_raw(const Job& job, const Difference& difference);
  MinimizeLimits effort(unsigned probes) const;
  void examine_lost(std::vector<Job> jobs, const std::string& why);
  bool room_for(const Trace& scenario) const;

  const CampaignOptions options_;
  net::Reactor reactor_;
  net::Meeting meeting_;
  std::optional<Cables> cables_;  // if there are any
  std::unique_ptr<Links> links_;
  Introduction intro_;
  bool met_ = false;
  Ledger ledger_;
  std::unique_ptr<Conversation> conversation_;
  std::deque<Job> on_wire_;
  CampaignReport report_;
  std::uint64_t sent_before_ = 0;  // over sessions that have ended
  std::vector<PortConfig> ports_;  // as they were when the switch was met first
  net::Clock::time_point due_;     // when the next scenario may be sent, if there is a pace
};

}  // namespace oftwin::harness::live

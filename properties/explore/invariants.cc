#include "properties/explore/invariants.h"

#include "properties/explore/state_invariants.h"
#include "properties/explore/step_invariants.h"

namespace oftwin::explore {

namespace {

constexpr InvariantInfo kInfos[] = {
    {"no-defect", "END-1", "Nothing follows a rule or a connection that is gone, and the switch never aborts"},
    {"one-operation", "OP-1", "A rule has at most one operation in progress"},
    {"operation-in-place", "OP-1", "A rule being added or modified is in its table, one being removed is in none"},
    {"group-has-operations", "OP-2", "A group is pending exactly while it has operations"},
    {"no-twins", "ADD-7", "No two rules of a table have the same match and priority"},
    {"victim-set-aside", "ADD-7", "A victim belongs to exactly one add of the same flow, and is in no table"},
    {"no-twin-of-deletion", "ADD-5", "No rule is in a table while the same flow is being removed from it"},
    {"group-limit", "OP-4", "No more groups of controllers are pending than the limit allows"},
    {"unique-names", "ADD-6", "No rule is in two places"},
    {"owner-is-there", "CONN-5", "A group that answers to a connection answers to one that is there"},
    {"gone-is-forgotten", "CONN-5", "A connection that is down has no postponed and no unread message"},
    {"canonical-matches", "MATCH-8", "A flow is matched in no bit that no packet has"},
    {"own-rules-hidden", "OWN-1", "Rules of the switch's own are hidden and in table 0, and no others are hidden"},
    {"one-master", "ROLE-4", "At most one connection is master"},
    {"balance", "ADD-8", "Every rule that is allocated is given back exactly once, and exists in between"},
    {"provider-agrees", "ADD-6", "The tables hold what the provider has been told and has accepted"},
    {"failure-leaves-no-trace", "MOD-5",
     "After a failed operation the rule, or the victim, is as it was, cookie and counters too"},
    {"taken-in-order", "CONN-2", "Messages are taken in the order of their arrival, a postponed one before all others"},
    {"owed-exactly-once", "MSG-1", "A request gets its reply or one error, once"},
    {"error-for-failure", "OP-5", "A request that failed gets an error, and one that did not gets none"},
    {"barrier-waits", "MSG-14", "A barrier is answered when no earlier request of its connection is in progress"},
    {"postponed-untouched", "CONN-2", "A message that is postponed has started nothing and said nothing"},
    {"limit-respected", "OP-4", "No flow-mod is handled while as many groups are pending as may be"},
    {"removed-is-told", "ASYNC-2", "A removed flow that asked for it is reported once to everybody who takes that"},
    {"own-buffer-once", "BUF-8", "A request whose packet was sent gets no error about its buffer"},
    {"buffer-of-the-living", "BUF-9", "No packet is sent for a connection that has gone since"},
    {"own-rule-kept", "OWN-2", "A rule of the switch's own is there, or waits, or was refused by the provider"},
    {"port-as-asked", "PORT-3", "A port that was reconfigured has the bits that were asked for"},
    {"length-is-length", "FM-5", "What a message says of its length is true"},
    {"missing-table", "DEL-5", "A request that names a table which does not exist is refused"},
    {"missing-queue", "STAT-9", "Queue statistics of a port that does not exist are refused"},
    {"queues-told", "MSG-17", "A request for the queues of a port is answered as one"},
    {"errors-unanswered", "MSG-16", "An error is not answered"},
    {"wrong-type", "MSG-4", "A reply that nobody asked for is a message of the wrong type"},
    {"emergency-timeout", "FM-2", "An emergency flow with a timeout is refused for that"},
    {"vendor-type", "ACT-10", "An action that a known vendor does not have is refused for its subtype"},
    {"defined-codes", "ROLE-2", "Every error has a code that somebody has defined"},
    {"packet-comes-from", "OUT-3", "A packet-out comes from where packets come from"},
    {"never-given-buffer", "BUF-6", "A buffer id that was never given is unknown, not used"},
    {"packet-goes", "MOD-7", "A flow-mod that succeeds has used its packet"},
    {"overlap-where-it-goes", "ADD-1", "Overlap is looked for where the flow goes, and only there"},
    {"hidden-do-not-block", "OP-8", "Nobody waits for a rule that only the switch knows of"},
    {"fresh-session", "CONN-5", "A session begins with the settings that every session begins with"},
    {"sleeper-has-no-work", "LOOP-3", "When the loop does not ask to run, running it changes nothing"},
    {"no-idle-spinning", "LOOP-2", "When the loop asks to run, running it brings the switch nearer to rest"},
    {"nobody-waits-for-ever", "OP-7", "Nobody waits when nothing is in progress"},
};
static_assert(std::size(kInfos) == static_cast<std::size_t>(Invariant::count));

}  // namespace

const InvariantInfo& info(Invariant invariant) { return kInfos[static_cast<std::size_t>(invariant)]; }

const std::vector<Violation>& Checker::check(const Step& step) {
  found_.clear();
  check_step(step, found_);
  const observation::Wake* wake = step.seen.empty() ? nullptr : std::get_if<observation::Wake>(&step.seen.back());
  const bool wants_to_run = wake && wake->kind == observation::WakeKind::now;
  InvariantSet broken = violated_in(step.after);
  if (broken.any()) broken &= ~violated_in(step.before);
  for (std::size_t i = 0; i < broken.size(); ++i) {
    if (broken[i]) found_.push_back({static_cast<Invariant>(i), "the state after the event"});
  }
  if (stuck(step.after, wants_to_run) && !stuck(step.before, step.wanted_to_run)) {
    found_.push_back({Invariant::nobody_waits_for_ever,
                      "nothing is in progress, the loop does not run, and this state repeats for ever"});
  }
  return found_;
}

}  // namespace oftwin::explore

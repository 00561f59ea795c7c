#include "harness/session_accused.h"

#include <algorithm>
#include <string_view>

#include "harness/report.h"
#include "spec/clauses.h"

namespace oftwin::harness {

namespace {

// What a record, or one field of it, is about. The first that is at work counts.
struct About {
  std::string_view record, field;  // no field: any
  std::size_t clause;
};
constexpr About kAbout[] = {
    {"aggregate", "", clause("STAT-6")},
    {"nx_aggregate", "", clause("STAT-6")},
    {"nx_aggregate", "", clause("NXM-16")},
    {"flow", "", clause("STAT-5")},
    {"nx_flow", "match", clause("NXM-9")},
    {"nx_flow", "", clause("STAT-5")},
    {"nx_flow", "", clause("NXM-16")},
    {"table", "", clause("STAT-7")},
    {"port_stats", "", clause("STAT-8")},
    {"queue", "", clause("STAT-10")},
    {"desc", "", clause("STAT-11")},
    {"features", "", clause("MSG-10")},
    {"port", "", clause("MSG-10")},
    {"config", "", clause("MSG-11")},
    {"echo_reply", "", clause("MSG-9")},
    {"barrier", "", clause("MSG-14")},
    {"barrier", "", clause("MSG-15")},
    {"error", "data", clause("MSG-1")},
    {"role", "", clause("ROLE-4")},
    {"flow_removed", "", clause("ASYNC-2")},
    {"nx_flow_removed", "", clause("NXM-15")},
    {"nx_flow_removed", "", clause("ASYNC-2")},
    {"packet_in", "", clause("ASYNC-3")},
    {"port_status", "", clause("ASYNC-4")},
};

}  // namespace

ClauseSet accused_of(const SessionProblem& problem, const SwitchConfig& config, const ClauseSet& compared) {
  ClauseSet out;
  if (problem.differences.empty()) return out;
  const ReplyDifference& first = problem.differences[0];
  for (const About& about : kAbout) {
    const bool fits = about.record == first.record && (about.field.empty() || about.field == first.field);
    if (!fits || !problem.clauses[about.clause]) continue;
    out.set(about.clause);
    return out;
  }
  if (problem.clauses.none()) {  // nothing was at work: the switch says something that nothing asks for
    const auto any =
        std::find_if(std::begin(kAbout), std::end(kAbout), [&](const About& a) { return a.record == first.record; });
    if (any != std::end(kAbout)) out.set(any->clause);
    return out;
  }
  Divergence d;
  d.clauses = problem.clauses;
  d.clauses.reset(clause("MSG-1"));
  d.earlier = compared;
  return suspects(config, d);
}

}  // namespace oftwin::harness

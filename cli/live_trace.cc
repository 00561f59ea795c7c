#include "cli/live_trace.h"

#include <fmt/format.h>

#include <utility>

#include "cli/check_live.h"
#include "cli/exit_codes.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/live/campaign.h"
#include "harness/print.h"
#include "harness/report.h"
#include "harness/subject/subject.h"

namespace oftwin::cli {
namespace {

namespace live = harness::live;

// Plays the trace in a campaign of its own. throws UsageError, harness::SubjectLost.
live::CampaignReport play(const harness::Trace& trace, const std::string& name, const live::CampaignOptions& options) {
  std::optional<live::Campaign> campaign;
  try {
    campaign.emplace(options);
    campaign->play(name, trace);
  } catch (const net::Stopped&) {  // what there is by then is in the report
    return campaign ? campaign->report() : live::CampaignReport();
  } catch (const live::LedgerError& e) { throw UsageError(e.what()); } catch (const live::CableError& e) {
    throw UsageError(e.what());
  } catch (const net::NetError& e) { throw UsageError(e.what()); } catch (const live::LinkError& e) {
    throw harness::SubjectLost(e.what());
  }
  const live::CampaignReport& report = campaign->report();
  if (report.outside > 0) {
    throw UsageError(fmt::format("{}: it can't be played on a live switch: {}", name, report.reasons.begin()->first));
  }
  return report;
}

void print_said(ConnName conn, const Bytes& message, const harness::Naming& naming) {
  const std::string text = harness::print_observation(observation::Send{conn, message}, naming);
  say("  switch    {}\n", text);
}

// Each event of the scenario as it was sent, with the replies to it; then what came unasked.
void print_played(const harness::Trace& scenario, const live::Heard& heard) {
  const harness::Naming naming(scenario.events);
  const ConnName first = scenario.config.connections.front();
  for (std::size_t i = 0; i < scenario.events.size(); ++i) {
    const Event& e = scenario.events[i];
    if (std::holds_alternative<event::Loop>(e.body)) continue;
    say("e{:<4} {}\n", e.id, harness::print_event(e));
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (i >= heard.replies.size()) continue;
    for (const Bytes& reply : heard.replies[i]) print_said(recv ? recv->conn : first, reply, naming);
  }
  bool any = false;
  for (const auto& [conn, unasked] : heard.unasked) {
    for (const auto* messages : {&unasked.packet_ins, &unasked.flow_removed, &unasked.port_status}) {
      for (const Bytes& message : *messages) {
        if (!std::exchange(any, true)) say("unasked\n");
        print_said(conn, message, naming);
      }
    }
  }
}

}  // namespace

MinimizedTrace minimize_live(const harness::Trace& trace, const std::string& name, const CheckOptions& how,
                             const harness::MinimizeLimits& limits, const Until& until) {
  live::CampaignOptions options = campaign_options(how, until);
  if (limits.max_probes > 0) options.probes = static_cast<unsigned>(limits.max_probes);
  options.minimizing = [&limits] { return limits.enough; };
  options.minimized = limits.progress;
  const live::CampaignReport report = play(trace, name, options);
  MinimizedTrace out;
  if (report.findings.empty()) {
    out.shows = "the switch does what the law and the ledger say";
    return out;
  }
  const live::Finding& finding = report.findings.front();
  out.trace = finding.trace;
  out.shows = fmt::format("{}, {} of {}", finding.difference.kind, finding.shown, finding.of);
  out.effort = finding.effort;
  return out;
}

int replay_live(const harness::Trace& trace, const std::string& name, const CheckOptions& how) {
  const Until until(0);
  live::CampaignOptions options = campaign_options(how, until);
  options.findings = 0;  // as it is, once
  std::optional<live::Difference> difference;
  options.played = [&](const harness::Trace& scenario, const live::Heard& heard, const live::Judgement& judgement) {
    print_played(scenario, heard);
    difference = judgement.difference;
    if (!judgement.left.empty()) say("\nThe ledger follows it no further: {}\n", judgement.left);
  };
  play(trace, name, options);
  if (asked_to_stop()) return kStopped;
  if (!difference) return 0;
  say("\n{}\n{}", difference->what, harness::print_clauses(difference->clauses));
  return 1;
}

}  // namespace oftwin::cli

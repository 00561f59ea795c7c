// What a campaign does about a scenario that differs, or with which the switch goes away: it is played again by itself,
// made small, and its reproduction rate is counted.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/live/campaign.h"
#include "harness/live/scenario_ports.h"
#include "harness/minimize.h"
#include "harness/print.h"
#include "harness/report.h"
#include "harness/request.h"
#include "harness/trace_text.h"

namespace oftwin::harness::live {
namespace {

std::size_t inputs_of(const Trace& trace) {
  return static_cast<std::size_t>(std::count_if(trace.events.begin(), trace.events.end(), [](const Event& e) {
    return !std::holds_alternative<event::Loop>(e.body);
  }));
}

// The connections that these events use, in the order of their first use, are the switch's first ones.
Trace on_this(const SwitchConfig& config, std::span<const Event> events) {
  Trace out;
  out.config = config;
  out.events.assign(events.begin(), events.end());
  std::vector<ConnName> seen;
  for (Event& e : out.events) {
    ConnName* conn = connection_in(e.body);
    if (!conn) continue;
    const auto at = std::find(seen.begin(), seen.end(), *conn) - seen.begin();
    if (at == std::ssize(seen)) seen.push_back(*conn);
    *conn = config.connections[static_cast<std::size_t>(at)];
  }
  out.config.connections.resize(std::max<std::size_t>(seen.size(), 1));
  make_blocks(out);
  return out;
}

// What the minimizer makes can be played: whole messages, each followed by a turn.
bool playable(std::span<const Event> events, const std::vector<std::uint16_t>& cables) {
  if (events.empty()) return false;
  return std::all_of(events.begin(), events.end(), [&](const Event& e) {
    if (const auto* frame = std::get_if<event::PacketArrives>(&e.body)) return can_arrive(*frame, cables);
    const auto* recv = std::get_if<event::Recv>(&e.body);
    if (!recv) return true;
    const Cut cut = cut_messages(recv->bytes);
    return cut.messages.size() == 1 && cut.rest.empty() && recv->bytes[0] == OFP_VERSION;
  });
}

}  // namespace

std::string Finding::text() const {
  std::string out = fmt::format("{}: {} of {}, {} inputs, minimized from {}\n", name, shown, of, inputs, inputs_before);
  for (const Event& e : trace.events) {
    if (!std::holds_alternative<event::Loop>(e.body)) out += print_event(e) + "\n";
  }
  out += "----\n" + difference.what;
  if (!out.ends_with('\n')) out += '\n';
  return out + "\n" + print_clauses(difference.clauses);
}

// nullopt: the switch went away, and is there again.
std::optional<Judgement> Campaign::alone(const Trace& scenario) {
  try {
    keep_pace();
    begin(scenario);
    conversation_->finish();
    return judge_finished();
  } catch (const LinkError& e) {
    meet_again(e.what());
    return std::nullopt;
  }
}

MinimizeLimits Campaign::effort(unsigned probes) const {
  MinimizeLimits limits;
  limits.max_probes = probes;
  limits.progress = options_.minimized;
  if (options_.minimizing) limits.enough = options_.minimizing();
  return limits;
}

void Campaign::examine(const Job& job, const Difference& difference) {
  const bool new_kind = ++report_.kinds[difference.kind] == 1;
  if (report_.findings.size() >= options_.findings || !new_kind) return;
  Finding finding;
  finding.name = job.name;
  finding.difference = difference;
  finding.trace = job.trace;
  finding.inputs = finding.inputs_before = inputs_of(job.trace);
  const auto shows = [&](const Trace& trace) -> std::optional<Difference> {
    const auto judgement = alone(trace);
    if (!judgement || !judgement->difference || judgement->difference->kind != difference.kind) return std::nullopt;
    return judgement->difference;
  };
  if (shows(job.trace)) {
    const auto probe = [&](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
      if (!playable(events, cables())) return std::nullopt;
      const auto shown = shows(on_this(intro_.config, events));
      return shown ? std::optional(std::min(shown->event, events.size() - 1)) : std::nullopt;
    };
    if (auto small = minimize(job.trace, probe, effort(options_.probes), &finding.effort)) {
      finding.trace = on_this(intro_.config, small->events);
      finding.inputs = inputs_of(finding.trace);
    }
  }
  for (finding.of = 0; finding.of < options_.reruns; ++finding.of) {
    const auto shown = shows(finding.trace);
    if (!shown) continue;
    ++finding.shown;
    finding.difference = *shown;
  }
  report_.findings.push_back(std::move(finding));
}

void Campaign::examine_lost(std::vector<Job> jobs, const std::string& why) {
  for (Job& job : jobs) {
    Finding finding;
    finding.name = job.name;
    finding.trace = job.trace;
    finding.inputs = finding.inputs_before = inputs_of(job.trace);
    finding.lost = true;
    std::optional<Judgement> judgement = alone(job.trace);
    while (!judgement && finding.of < options_.reruns) {
      ++finding.of;
      ++finding.shown;
      judgement = alone(job.trace);
    }
    if (judgement) {
      count(*judgement);
      if (judgement->difference) examine(job, *judgement->difference);
      continue;
    }
    const auto probe = [&](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
      if (!playable(events, cables())) return std::nullopt;
      return alone(on_this(intro_.config, events)) ? std::nullopt : std::optional(events.size() - 1);
    };
    if (auto small = minimize(job.trace, probe, effort(options_.probes / 4), &finding.effort)) {
      finding.trace = on_this(intro_.config, small->events);
      finding.inputs = inputs_of(finding.trace);
    }
    finding.difference.what = why;
    finding.difference.kind = "the switch goes away";
    ++report_.scenarios;
    ++report_.lost;
    report_.findings.push_back(std::move(finding));
  }
}

}  // namespace oftwin::harness::live

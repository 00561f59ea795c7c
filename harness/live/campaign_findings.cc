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

constexpr const char* kGoesAway = "the switch goes away";  // the kind of difference

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

std::string Finding::rate() const { return of == 0 ? "not played again" : fmt::format("{} of {}", shown, of); }

std::string Finding::text() const {
  const std::string small = inputs == inputs_before ? "" : fmt::format(", minimized from {}", inputs_before);
  std::string out = fmt::format("{}: {}, {} inputs{}\n", name, rate(), inputs, small);
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

Finding& Campaign::add_raw(const Job& job, const Difference& difference) {
  Finding& finding = report_.findings.emplace_back();
  finding.name = job.name;
  finding.difference = difference;
  finding.trace = job.trace;
  finding.inputs = finding.inputs_before = inputs_of(job.trace);
  finding.lost = difference.kind == kGoesAway;
  if (options_.found) options_.found(finding);
  return finding;
}

MinimizeLimits Campaign::effort(unsigned probes) const {
  MinimizeLimits limits;
  limits.max_probes = probes;
  limits.progress = options_.minimized;
  if (options_.minimizing) limits.enough = options_.minimizing();
  return limits;
}

// What is found is in the report from its beginning on, and is what it is by then when somebody stops this.
void Campaign::examine(const Job& job, const Difference& difference) {
  const bool new_kind = ++report_.kinds[difference.kind] == 1;
  if (report_.findings.size() >= options_.findings || !new_kind) return;
  Finding& finding = add_raw(job, difference);
  const auto shows = [&](const Trace& trace) -> std::optional<Difference> {
    const auto judgement = alone(trace);
    if (!judgement || !judgement->difference || judgement->difference->kind != difference.kind) return std::nullopt;
    return judgement->difference;
  };
  const MinimizeLimits limits = effort(options_.probes);
  if (shows(job.trace)) {
    const auto probe = [&](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
      if (!playable(events, cables())) return std::nullopt;
      const Trace small = on_this(intro_.config, events);
      const auto shown = shows(small);
      if (!shown) return std::nullopt;
      finding.trace = small;
      finding.difference = *shown;
      finding.inputs = inputs_of(small);
      return std::min(shown->event, events.size() - 1);
    };
    if (auto small = minimize(job.trace, probe, limits, &finding.effort)) {
      finding.trace = on_this(intro_.config, small->events);
      finding.inputs = inputs_of(finding.trace);
    }
  }
  for (unsigned i = 0; i < options_.reruns && !(i > 0 && options_.enough && options_.enough()); ++i) {
    const auto shown = shows(finding.trace);
    ++finding.of;
    if (!shown) continue;
    ++finding.shown;
    finding.difference = *shown;
  }
}

void Campaign::examine_lost(std::vector<Job> jobs, const std::string& why) {
  for (Job& job : jobs) {
    unsigned times = 0;
    std::optional<Judgement> judgement = alone(job.trace);
    while (!judgement && times < options_.reruns) {
      ++times;
      judgement = alone(job.trace);
    }
    if (judgement) {
      count(*judgement);
      if (judgement->difference) examine(job, *judgement->difference);
      continue;
    }
    ++report_.scenarios;
    ++report_.lost;
    Difference difference;
    difference.what = why;
    difference.kind = kGoesAway;
    Finding& finding = add_raw(job, difference);
    finding.shown = finding.of = times;
    const auto probe = [&](const SwitchConfig&, std::span<const Event> events) -> std::optional<std::size_t> {
      if (!playable(events, cables())) return std::nullopt;
      const Trace small = on_this(intro_.config, events);
      if (alone(small)) return std::nullopt;
      finding.trace = small;
      finding.inputs = inputs_of(small);
      return events.size() - 1;
    };
    minimize(job.trace, probe, effort(options_.probes / 4), &finding.effort);
  }
}

}  // namespace oftwin::harness::live

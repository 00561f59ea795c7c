#include "cli/check_live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "cli/inputs.h"
#include "cli/say.h"
#include "cli/subjects.h"
#include "harness/convert.h"
#include "harness/edition.h"
#include "harness/files.h"
#include "harness/live/campaign.h"
#include "harness/live/scenario_capture.h"
#include "harness/trace_text.h"

namespace oftwin::cli {
namespace {

namespace live = harness::live;

// A trace, or a capture: of that, what was said to the switch in it. throws what readers throw.
void play_file(live::Campaign& campaign, const std::string& file, const CheckOptions& options) {
  std::optional<harness::Profile> profile;
  if (!options.profile.empty()) profile = harness::read_profile(options.profile);
  switch (harness::kind_of_file(file)) {
    case harness::FileKind::text:
    case harness::FileKind::binary:
    case harness::FileKind::stream:
      return campaign.play(file, read_eventful_trace(file));
    case harness::FileKind::capture: {
      harness::Trace trace = harness::read_any_trace(file, {}, profile ? &*profile : nullptr);
      return campaign.play(file, live::scenario_of_capture(std::move(trace), campaign.introduction().accepted));
    }
    case harness::FileKind::recording:
    case harness::FileKind::packets:
      campaign.leave_out("a recording, of another switch");
  }
}

std::string file_name(const std::string& name) {
  std::string out;
  for (const char c : name) out += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ? c : '-';
  return out;
}

harness::Finding finding_of(const live::Finding& found, const std::string& folder) {
  harness::Finding out;
  out.clauses = found.difference.clauses;
  out.title = fmt::format("{}: {}", found.name, found.difference.kind);
  out.report = found.text();
  harness::Trace trace = found.trace;
  trace.comments = {fmt::format("{}, shown: {}.", out.title, found.rate())};
  harness::make_blocks(trace);
  out.trace = harness::print_trace(trace);
  out.file = fmt::format("{}/{}{}.trace", folder, found.lost ? "lost-" : "differs-", file_name(found.name));
  out.rate = found.rate();
  out.lost = found.lost;
  return out;
}

void add_readings(const live::Campaign& campaign, CheckResult& result) {
  const live::Ledger& ledger = campaign.ledger();
  if (ledger.file().empty()) {
    result.notes.emplace_back("no ledger of readings is about this switch: the law is expected as it is");
    return;
  }
  result.notes.push_back(
      fmt::format("ledger {}: {} entries, how often each was used, how many scenarios were followed no further, and "
                  "how many replies were compared but for a part",
                  ledger.file(), ledger.entries().size()));
  const auto times = [](const auto& counts, const std::string& label) {
    const auto it = counts.find(label);
    return it == counts.end() ? std::uint64_t{0} : it->second;
  };
  for (const live::LedgerEntry& e : ledger.entries()) {
    const std::uint64_t used = times(campaign.report().used, e.label), left = times(campaign.report().left_at, e.label);
    const std::string shown = used == 0 ? "not met" : fmt::format("{}", used);
    const std::uint64_t open = times(campaign.report().open, e.label);
    std::string shown_left = left == 0 ? "" : fmt::format("left {}", left);
    if (open > 0) shown_left += fmt::format("{}open {}", left == 0 ? "" : " ", open);
    result.notes.push_back(fmt::format("{:>9} {:>10}  {} ({}): {}", shown, shown_left, e.label, e.clause, e.instead));
    result.readings.push_back({e.clause, e.label, e.instead + " " + e.because, used, left});
  }
  if (const std::uint64_t left = times(campaign.report().left_at, "undecided"); left > 0) {
    result.notes.push_back(
        fmt::format("{:>20}  undecided: more states of the model than are followed", fmt::format("left {}", left)));
  }
}

// What was found out about connections.
std::string connections_of(const live::Campaign& campaign) {
  const live::Introduction& intro = campaign.introduction();
  const std::string why = campaign.why_no_more_connections();
  const bool primaries = intro.config.connections[0].kind == ConnKind::primary;
  return fmt::format("{} connection{} at once{}, roles {}, modelled as {} connections", intro.config.connections.size(),
                     intro.config.connections.size() == 1 ? "" : "s", why.empty() ? "" : " (no more: " + why + ")",
                     intro.roles ? "taken" : "refused", primaries ? "primary" : "service");
}

void fill(const live::Campaign& campaign, const CheckOptions& options, CheckResult& result) {
  const live::CampaignReport& report = campaign.report();
  const SwitchConfig& config = campaign.introduction().config;
  result.agreed = report.agreed + report.left - report.unheard;
  result.covered = report.left - report.unheard;
  result.outside += report.outside + report.unheard;
  result.diverged = report.differing;
  result.messages = report.messages;
  result.events = report.messages;
  result.clauses = result.compared = report.clauses;
  result.notes.push_back(fmt::format("{} {} {}, {} tables, {} ports", config.description.mfr_desc,
                                     config.description.hw_desc, config.description.sw_desc, config.tables.size(),
                                     config.ports.size()));
  result.notes.push_back(connections_of(campaign));
  result.notes.push_back(
      fmt::format("{} scenarios agreed to their end, {} up to a message that the ledger does not follow; "
                  "{} messages sent, {} reconnects, at most {} states of the model",
                  report.agreed, report.left, report.sent, report.reconnects, report.most_states));
  if (report.unheard > 0) {
    result.notes.push_back(fmt::format("{:>9}  outside: followed no further before the first reply", report.unheard));
  }
  for (const auto& [why, times] : report.reasons) result.notes.push_back(fmt::format("{:>9}  outside: {}", times, why));
  for (const auto& [kind, times] : report.kinds) result.notes.push_back(fmt::format("{:>9}  differ: {}", times, kind));
  add_readings(campaign, result);
  for (const live::Finding& found : report.findings) {
    harness::Finding finding = finding_of(found, options.out);
    finding.file = save_trace(finding.trace, finding.file, result);
    result.findings.push_back(std::move(finding));
    if (result.failures.size() < 5) result.failures.push_back(result.findings.back().report);
    if (found.lost && result.lost.empty()) {
      result.lost = fmt::format("{}, {} times of {}", found.difference.what, found.shown, found.of);
    }
  }
}

}  // namespace

live::CampaignOptions campaign_options(const CheckOptions& options, const Until& until) {
  live::CampaignOptions out;
  out.enough = [&until] { return until.over(); };
  out.stop = [&until] { return until.overdue(); };
  out.minimizing = [&until] { return until.minimizing(); };
  try {
    out.endpoint = net::parse_endpoint(options.subject);
  } catch (const net::EndpointError& e) { throw UsageError(fmt::format("--subject: {}", e.what())); }
  out.tls = {options.private_key, options.certificate, options.ca_cert};
  out.answer_ms = 1000 * options.answer_s;
  out.connections = options.connections;
  out.several_per_cent = options.several;
  if (!options.ledger.empty()) out.ledger = options.ledger;
  if (!options.profile.empty()) out.profile = harness::read_profile(options.profile);
  out.messages_per_s = options.pace == 0 && out.profile ? out.profile->messages_per_s : options.pace;
  return out;
}

bool is_live(const std::string& subject) { return net::names_endpoint(subject); }

CheckSummary check_live(const CheckOptions& options, const std::vector<std::string>& files, const Until& until) {
  const auto begin = std::chrono::steady_clock::now();
  CheckSummary summary;
  summary.subject = options.subject;
  CheckResult result;
  result.kind = "live";
  result.input = files.empty() ? "" : fmt::format("{} files{}", files.size(), options.generated() > 0 ? " and " : "");
  result.input += generated_text(options);
  std::optional<live::Campaign> campaign;
  try {
    live::CampaignOptions how = campaign_options(options, until);
    how.found = [&](const live::Finding& found) {
      harness::Finding finding = finding_of(found, options.out);
      finding.file = save_trace(finding.trace, finding.file, result);
      announce(finding, options);
    };
    campaign.emplace(how);
    for (const std::string& file : files) {
      if (until.over()) break;
      try {
        play_file(*campaign, file, options);
      } catch (const live::LinkError&) { throw; } catch (const std::runtime_error& e) {
        result.bad_input += (result.bad_input.empty() ? "" : "\n") + std::string(e.what());
      }
    }
    const auto progress = [&](std::uint64_t done, std::uint64_t messages) {
      tell_progress([&] { return fmt::format("{} scenarios, {} messages", done, messages); });
    };
    if (options.random > 0) campaign->play_random(options.seed, options.random, progress);
    if (options.tables > 0) campaign->play_tables(options.seed, options.tables, progress);
    end_progress();
  } catch (const net::Stopped&) {  // what there is by then is in the report
  } catch (const live::LedgerError& e) { throw UsageError(e.what()); } catch (const live::CableError& e) {
    throw UsageError(e.what());
  } catch (const net::NetError& e) { throw UsageError(e.what()); } catch (const live::LinkError& e) {
    result.lost = e.what();
  }
  if (until.over()) result.notes.push_back("ended early: " + until.why());
  summary.stopped = asked_to_stop();
  if (campaign) fill(*campaign, options, result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (result.seconds > 0) {
    result.notes.push_back(
        fmt::format("{:.0f} judged messages a second", static_cast<double>(result.messages) / result.seconds));
  }
  summary.results.push_back(std::move(result));
  return summary;
}

}  // namespace oftwin::cli

#include "cli/lost.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/memory_shares.h"
#include "cli/subjects.h"
#include "harness/report.h"
#include "harness/trace_text.h"
#include "spec/clauses.h"

namespace oftwin::cli {
namespace {

std::optional<MemoryShares> shares;  // of a guarded process

void begin(Facts& facts) {
  harness::show_calls_in(facts.call);
  shares.emplace();
}

bool host_took_most() { return shares->host_took_most(); }

// In the signal handler.
void describe_fault(Facts& facts, const void* address) {
  facts.clause = harness::clause_of_fault(address);
  // A thread of its own runs nothing of ours.
  if (facts.fault == Facts::Fault::exception) facts.hosts = gettid() == getpid() && !harness::provider_runs();
}

std::size_t clause_named(std::string_view id) {
  const auto at = std::ranges::find(clauses(), id, &Clause::id);
  return at == clauses().end() ? clause("PROV-13") : static_cast<std::size_t>(at - clauses().begin());
}

}  // namespace

std::string frame_named(const std::string& frame) {
  const std::size_t open = frame.find('('), plus = frame.find("+0x", open), close = frame.find(')', plus);
  if (open == std::string::npos || close == std::string::npos || frame.find('\'') != std::string::npos) return frame;
  if (plus != open + 1) return frame;  // it has a name
  const std::string command = fmt::format("addr2line -fipse '{}' {} 2>/dev/null", frame.substr(0, open),
                                          frame.substr(plus + 1, close - plus - 1));
  std::string named;
  if (std::FILE* pipe = popen(command.c_str(), "r")) {
    char line[512];
    while (std::fgets(line, sizeof line, pipe) != nullptr) named += line;
    pclose(pipe);
  }
  while (!named.empty() && named.back() == '\n') named.pop_back();
  return named.empty() || named.starts_with("??") ? frame : named;
}

namespace {

// From the fault to where the provider was called: our own frames above and below are nobody's concern.
std::string stack_of(std::string_view frames) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < frames.size();) {
    const std::size_t end = std::min(frames.find('\n', at), frames.size());
    if (end > at) lines.emplace_back(frames.substr(at, end - at));
    at = end + 1;
  }
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).filename().string() + "(";
  const auto ours = [&](const std::string& line) { return line.find(self) != std::string::npos; };
  std::string out;
  const auto begin = std::find_if_not(lines.begin(), lines.end(), ours);
  for (auto line = begin; line != lines.end() && !ours(*line); ++line) out += "    " + frame_named(*line) + "\n";
  return out;
}

}  // namespace

IsolateOptions isolation_for(const ProviderLimits& limits, const std::string& label) {
  IsolateOptions how;
  how.label = label;
  how.hang = std::chrono::seconds(limits.call_s);
  how.guard = Guard{limits.memory_mb, begin, describe_fault, host_took_most};
  how.in_process = limits.in_process;
  return how;
}

IsolateOptions isolation_for(const std::string& subject, const std::string& label) {
  if (make_provider(subject)) return isolation_for(ProviderLimits{}, label);
  IsolateOptions plain;
  plain.label = label;
  return plain;
}

Loss loss_of(const IsolatedOutcome& outcome) {
  Loss loss;
  loss.end = outcome.end;
  loss.greedy = outcome.greedy;
  loss.hosts_fault = outcome.hosts_fault;
  loss.clause = clause_named(outcome.clause);
  loss.call = outcome.call;
  loss.how = outcome.why;
  if (!loss.call.empty()) loss.how += fmt::format(", in {}()", loss.call);
  loss.words = outcome.last_words;
  loss.frames = outcome.frames;
  return loss;
}

harness::Probe isolated(harness::Probe probe, unsigned seconds) {
  return [probe = std::move(probe), seconds](const SwitchConfig& config,
                                             std::span<const Event> events) -> std::optional<std::size_t> {
    const auto answer = attempt_isolated(seconds, [&] {
      const auto at = probe(config, events);
      return at ? static_cast<std::int64_t>(*at) : -1;
    });
    return answer && *answer >= 0 ? std::optional(static_cast<std::size_t>(*answer)) : std::nullopt;
  };
}

harness::Trace minimize_loss(const harness::Trace& trace, const Loss& loss, harness::Subject& subject,
                             const ProviderLimits& limits, harness::MinimizeLimits effort,
                             harness::MinimizeEffort* spent) {
  const bool hung = loss.end == End::hung;
  IsolateOptions how = isolation_for(limits, "");
  how.quiet = true;
  how.hang = hung ? std::chrono::milliseconds(300) : std::chrono::seconds(std::min(limits.call_s, 3u));
  if (loss.greedy) how.guard->memory_mb = std::min(limits.memory_mb, 64u);
  const harness::Probe probe = [&](const SwitchConfig& config,
                                   std::span<const Event> events) -> std::optional<std::size_t> {
    if (events.empty()) return std::nullopt;
    const IsolatedOutcome outcome = run_isolated(how, [&](Progress& progress) {
      harness::Lockstep lockstep(subject, {});
      lockstep.start(config);
      for (std::size_t i = 0; i < events.size(); ++i) {
        progress.step(i, events.size(), 0);
        if (lockstep.advance(events[i])) break;
      }
      return std::string();
    });
    if (outcome.result || outcome.stopped || !loss_of(outcome).like(loss)) return std::nullopt;
    return std::min<std::size_t>(outcome.done, events.size() - 1);
  };
  const std::size_t most = hung ? 60 : loss.greedy ? 60 : 600;
  effort.max_probes = std::min(effort.max_probes, most);
  return harness::minimize(trace, probe, effort, spent).value_or(trace);
}

std::string print_loss(const Loss& loss) {
  harness::ClauseSet clauses;
  clauses.set(loss.clause);
  std::string words = loss.words + stack_of(loss.frames);
  words.erase(0, words.find_first_not_of('\n'));
  if (!words.empty()) words.insert(0, "\n");
  return fmt::format("{}\n{}\n{}", loss.how, words, harness::print_clauses(clauses));
}

harness::Finding finding_of(const harness::Trace& shown, const Loss& loss, const std::string& subject) {
  harness::Finding f;
  f.clauses.set(loss.clause);
  f.lost = true;
  f.title = fmt::format("{} was lost: {}", subject, loss.how);
  f.trace = harness::print_trace(shown);
  f.report = fmt::format("{} was lost:\n\n{}----\n{}", subject, f.trace, print_loss(loss));
  return f;
}

}  // namespace oftwin::cli

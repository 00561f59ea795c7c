#include "harness/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "harness/nxm_render.h"
#include "harness/print.h"

namespace oftwin::harness {

namespace {

bool has_operation(const model::State& state, RuleName rule) {
  return std::any_of(state.operations.begin(), state.operations.end(),
                     [&](const model::Operation& op) { return op.rule == rule; });
}

// The model's rules as a dump would show them, with the model's names.
std::vector<StateDump::Rule> rules_of(const model::State& state) {
  std::vector<StateDump::Rule> rules;
  for (const model::Table& table : state.tables) {
    for (const model::Rule& r : table.rules) {
      rules.push_back({r.name, r.table, r.priority, render_nxm(r.match), r.actions, r.cookie, r.idle_timeout,
                       r.hard_timeout, r.send_flow_removed, has_operation(state, r.name), r.packets, r.bytes});
    }
  }
  return rules;
}

std::string name_of(RuleName n) { return fmt::format("e{}.{}", n.event, n.index); }

std::optional<std::string> compare_rules(std::vector<StateDump::Rule> dumped, const model::State& state,
                                         const RuleNames& names) {
  for (StateDump::Rule& rule : dumped) rule.rule = names.to_model(rule.rule);
  std::vector<StateDump::Rule> ours = rules_of(state);
  std::sort(dumped.begin(), dumped.end());
  std::sort(ours.begin(), ours.end());
  const auto [theirs_at, ours_at] = std::mismatch(dumped.begin(), dumped.end(), ours.begin(), ours.end());
  if (theirs_at == dumped.end() && ours_at == ours.end()) return std::nullopt;
  return fmt::format("{} rules in the original's tables, {} in the model's; first difference: {} and {}", dumped.size(),
                     ours.size(), theirs_at == dumped.end() ? "none" : name_of(theirs_at->rule),
                     ours_at == ours.end() ? "none" : name_of(ours_at->rule));
}

std::optional<std::string> compare_operations(const StateDump& dump, const model::State& state,
                                              const RuleNames& names) {
  std::vector<StateDump::Operation> theirs = dump.operations, ours;
  for (StateDump::Operation& op : theirs) op.rule = names.to_model(op.rule);
  for (const model::Operation& op : state.operations) ours.push_back({op.kind, op.rule});
  if (theirs == ours) return std::nullopt;
  return fmt::format("{} operations pending in the original, {} in the model, or in another order", theirs.size(),
                     ours.size());
}

std::optional<std::string> compare_connections(const StateDump& dump, const model::State& state) {
  for (const StateDump::Connection& theirs : dump.connections) {
    const auto ours = std::find_if(state.connections.begin(), state.connections.end(),
                                   [&](const model::Connection& c) { return c.name == theirs.name; });
    if (ours == state.connections.end()) {
      return fmt::format("connection {} does not exist in the model", print_conn(theirs.name));
    }
    const bool blocked = ours->blocked.has_value();
    if (blocked != theirs.blocked.has_value() || (blocked && ours->blocked->bytes[1] != *theirs.blocked)) {
      return fmt::format("connection {}: another message is postponed, or none", print_conn(theirs.name));
    }
  }
  return std::nullopt;
}

std::vector<std::filesystem::path> recordings_below(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().string().ends_with(".jsonl.gz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

model::Errata all_errata() {
  model::Errata all;
  for (std::size_t i = 0; i < model::kFirstReading; ++i) all.set(i);
  return all;
}

const ClauseSet& unmodelled_clauses() {
  static const ClauseSet set = [] {
    ClauseSet s;
    for (std::size_t i = 0; i < clauses().size(); ++i) s[i] = clauses()[i].kind == ClauseKind::unmodelled;
    return s;
  }();
  return set;
}

std::optional<std::string> compare_dump(const StateDump& dump, const model::State& state, const RuleNames& names) {
  if (state.dead && dump.rules.empty() && dump.connections.empty()) return std::nullopt;
  if (auto difference = compare_rules(dump.rules, state, names)) return difference;
  if (auto difference = compare_operations(dump, state, names)) return difference;
  return compare_connections(dump, state);
}

ReplayResult replay(const Recording& recording, const model::Errata& errata) {
  RecordingSubject subject(recording);
  Lockstep lockstep(subject, {.errata = errata, .alloc_rule = AllocRule::exact, .answers_from_subject = true});
  ReplayResult result;
  auto dump = recording.dumps.begin();
  lockstep.start(recording.config);
  for (std::size_t i = 0; i < recording.events.size(); ++i) {
    auto divergence = lockstep.advance(recording.events[i]);
    result.step = recording.steps[i];
    if ((lockstep.clauses_hit() & unmodelled_clauses()).any()) {
      result.verdict = ReplayVerdict::outside;
      break;
    }
    for (; !divergence && dump != recording.dumps.end() && dump->after == i + 1; ++dump) {
      if (auto difference = compare_dump(*dump, lockstep.state(), lockstep.names())) {
        result.dump_difference = *difference;
        break;
      }
    }
    if (divergence || !result.dump_difference.empty()) {
      result.verdict = ReplayVerdict::diverged;
      result.divergence = std::move(divergence);
      break;
    }
  }
  result.stats = lockstep.stats();
  return result;
}

std::map<std::string, ThemeCount> replay_all(
    const std::string& path, const std::function<void(const Recording&, const ReplayResult&)>& on_result) {
  std::map<std::string, ThemeCount> counts;
  for (const std::filesystem::path& file : recordings_below(path)) {
    read_recordings(file.string(), [&](const Recording& recording) {
      const ReplayResult result = replay(recording);
      ThemeCount& count = counts[recording.theme];
      ++(result.verdict == ReplayVerdict::outside ? count.outside : count.in);
      count.agreed += result.verdict == ReplayVerdict::agreed;
      count.diverged += result.verdict == ReplayVerdict::diverged;
      count.stats += result.stats;
      if (on_result) on_result(recording, result);
      return true;
    });
  }
  return counts;
}

std::string print_counts(const std::map<std::string, ThemeCount>& counts) {
  constexpr std::string_view row = "{:<12} {:>6} {:>6} {:>8} {:>9} {:>9}\n";
  std::string text = fmt::format(row, "theme", "in", "out", "agreed", "diverged", "messages");
  ThemeCount sum;
  for (const auto& [theme, c] : counts) {
    text += fmt::format(row, theme, c.in, c.outside, c.agreed, c.diverged, c.stats.messages);
    sum.in += c.in;
    sum.outside += c.outside;
    sum.agreed += c.agreed;
    sum.diverged += c.diverged;
    sum.stats += c.stats;
  }
  return text + fmt::format(row, "all", sum.in, sum.outside, sum.agreed, sum.diverged, sum.stats.messages);
}

}  // namespace oftwin::harness

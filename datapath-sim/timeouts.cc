#include "datapath-sim/timeouts.h"

#include <algorithm>
#include <tuple>

namespace oftwin::sim {
namespace {

constexpr std::uint64_t kMsPerSecond = 1000;

std::uint64_t hard_end(const Rule& rule) {
  const std::uint64_t seconds = rule.base->hard_timeout;
  return seconds == 0 ? OFT_NEVER : rule.base->created_ms + kMsPerSecond * seconds;
}

std::uint64_t idle_end(const Rule& rule) {
  const std::uint64_t seconds = rule.base->idle_timeout;
  return seconds == 0 ? OFT_NEVER : rule.used_ms + kMsPerSecond * seconds;
}

std::uint64_t end_of(const Rule& rule) { return std::min(hard_end(rule), idle_end(rule)); }

}  // namespace

void Timeouts::watch(Rule& rule) {
  forget(rule);
  rule.noted_ms = end_of(rule);
  if (rule.noted_ms != OFT_NEVER) noted_.emplace(rule.noted_ms, &rule);
}

void Timeouts::forget(Rule& rule) {
  if (rule.noted_ms != OFT_NEVER) noted_.erase({rule.noted_ms, &rule});
  rule.noted_ms = OFT_NEVER;
}

void Timeouts::used(Rule& rule, std::uint64_t now_ms) {
  rule.used_ms = now_ms;
  if (rule.noted_ms != OFT_NEVER && idle_end(rule) < rule.noted_ms) watch(rule);  // the clock has gone round
}

Rule* Timeouts::first() {
  while (!noted_.empty()) {
    const auto [noted_ms, rule] = *noted_.begin();
    if (noted_ms == end_of(*rule)) return rule;
    watch(*rule);
  }
  return nullptr;
}

std::vector<Rule*> Timeouts::take_due(std::uint64_t now_ms) {
  std::vector<Rule*> due;
  for (Rule* rule = first(); rule != nullptr && rule->noted_ms <= now_ms; rule = first()) {
    forget(*rule);
    due.push_back(rule);
  }
  std::ranges::sort(due, {}, [](const Rule* rule) { return std::tuple(rule->base->table_id, rule->serial); });
  return due;
}

std::uint64_t Timeouts::next() {
  const Rule* rule = first();
  return rule != nullptr ? rule->noted_ms : OFT_NEVER;
}

bool too_old(const Rule& rule, std::uint64_t now_ms) { return hard_end(rule) <= now_ms; }

}  // namespace oftwin::sim

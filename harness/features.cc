#include "harness/features.h"

#include <array>
#include <bit>
#include <cstdint>

namespace oftwin::harness {
namespace {

std::size_t mixed(std::size_t a, std::size_t b) {
  std::uint64_t h = (a * 0x9e3779b97f4a7c15u) ^ (b + 0x7f4a7c15u) * 0xbf58476d1ce4e5b9u;
  h ^= h >> 29;
  return static_cast<std::size_t>(h * 0x94d049bb133111ebu >> 17);
}

// 0, 1, 2, 3-4, 5-8 ..: enough to tell few from many, and the limit of 50 groups from both.
std::size_t bucket(std::size_t n) { return n <= 2 ? n : n == 49 || n == 50 ? n : 2 + std::bit_width(n - 1); }

std::size_t situation(const model::State& state) {
  std::array<std::size_t, 3> operations{};
  std::size_t victims = 0, blocked = 0, retry = 0, unread = 0, rules = 0;
  for (const model::Operation& op : state.operations) {
    ++operations[static_cast<std::size_t>(op.kind)];
    victims += op.kind == OperationKind::add && op.set_aside.has_value();
  }
  for (const model::Connection& conn : state.connections) {
    blocked += conn.blocked.has_value();
    retry += conn.retry;
    unread += !conn.inbox.empty();
  }
  for (const model::Table& table : state.tables) rules += table.rules.size();
  std::size_t out = state.flushing + 2u * state.dead;
  for (std::size_t n :
       {operations[0], operations[1], operations[2], victims, blocked, retry, unread, rules, state.groups.size()}) {
    out = mixed(out, bucket(n));
  }
  return out;
}

}  // namespace

const std::vector<std::size_t>& FeatureWalk::event(const Lockstep& lockstep) {
  constexpr std::size_t pairs = kMaxClauses, situations = pairs + kClausePairs, both = situations + kSituations;
  const ClauseSet& clauses = lockstep.clauses_hit();
  shown_.clear();
  std::array<std::size_t, kMaxClauses> hit;
  std::size_t n = 0;
  for (std::size_t i = 0; i < kClauseCount; ++i) {
    if (clauses[i]) hit[n++] = i;
  }
  const std::size_t now = situation(lockstep.state());
  for (std::size_t i = 0; i < n; ++i) {
    shown_.push_back(hit[i]);
    shown_.push_back(both + mixed(hit[i], last_situation_) % kClausesInSituation);
    for (std::size_t j = 0; j < i; ++j) shown_.push_back(pairs + mixed(hit[i], hit[j]) % kClausePairs);
  }
  shown_.push_back(situations + now % kSituations);
  last_situation_ = now;
  return shown_;
}

}  // namespace oftwin::harness

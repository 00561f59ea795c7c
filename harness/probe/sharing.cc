#include "harness/probe/sharing.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace oftwin::probe {
namespace {

int said(const Cube& cube) {
  int bits = 0;
  for (const std::uint64_t mask : cube.mask) bits += std::popcount(mask);
  return bits;
}

class Joiner {
 public:
  Joiner(const Goals& goals, WitnessSearch& search) : goals_(goals), search_(search) { order(); }

  // The goals that do not come by themselves with another one, the most demanding first.
  const std::vector<std::size_t>& wanted() const { return wanted_; }

  // Joins a goal to a packet's region; false: no packet can be in both.
  bool join(Shared& into, std::size_t goal) {
    const Sought& g = goals_.all[goal];
    if (!may_meet(into.region, g.region)) return false;
    const bool already = in_region(goals_.cubes, g.region, into.packet);
    Shared joined = into;
    joined.region.cube = both(into.region.cube, g.region.cube);
    joined.region.without.add(g.region.without);
    joined.region.matched.add(g.region.matched);
    if (!already && in_region(goals_.cubes, into.region, g.example)) {
      joined.packet = g.example;
    } else if (!already) {
      const Witness w = find(search_, goals_.cubes, joined.region);
      certain_ = certain_ && w.found != Found::unknown;
      if (w.found != Found::yes) return false;
      joined.packet = w.packet;
    }
    into = std::move(joined);
    return true;
  }

  Shared alone(std::size_t goal) const { return {goals_.all[goal].region, goals_.all[goal].example}; }

  // It is known that no packet shows both.
  bool exclude(std::size_t a, std::size_t b) {
    Shared one = alone(a);
    const bool before = std::exchange(certain_, true);
    const bool joined = join(one, b);
    const bool sure = std::exchange(certain_, before);
    return !joined && sure;
  }

  // Nothing was given up for want of an answer.
  bool certain() const { return certain_; }

 private:
  static bool may_meet(const Region& a, const Region& b) {
    return meet(a.cube, b.cube) && !a.without.shares(b.matched) && !b.without.shares(a.matched);
  }

  // Every packet in `inner` is in `outer`: so for a rule kept out of `outer` if it is kept out of `inner`, or out of
  // sight.
  bool follows(const Region& outer, const Region& inner) const {
    if (!covers(outer.cube, inner.cube)) return false;
    bool all = true;
    outer.without.each(
        [&](std::size_t r) { all = all && (inner.without.has(r) || !meet(goals_.cubes[r], inner.cube)); });
    return all;
  }

  void order() {
    const std::size_t n = goals_.all.size();
    for (std::size_t g = 0; g < n; ++g) {
      bool by_itself = false;
      for (std::size_t h = 0; h < n && !by_itself; ++h) {
        if (h == g || !follows(goals_.all[g].region, goals_.all[h].region)) continue;
        by_itself = h < g || !follows(goals_.all[h].region, goals_.all[g].region);  // of equal ones the first stays
      }
      if (!by_itself) wanted_.push_back(g);
    }
    // Bits said, and of as many the first goal first.
    std::sort(wanted_.begin(), wanted_.end(), [&](std::size_t a, std::size_t b) {
      const int in_a = said(goals_.all[a].region.cube), in_b = said(goals_.all[b].region.cube);
      return in_a != in_b ? in_a > in_b : a < b;
    });
  }

  const Goals& goals_;
  WitnessSearch& search_;
  std::vector<std::size_t> wanted_;
  bool certain_ = true;
};

std::vector<Shared> first_fit(Joiner& joiner, std::vector<std::vector<std::size_t>>& members) {
  std::vector<Shared> out;
  for (const std::size_t goal : joiner.wanted()) {
    bool placed = false;
    for (std::size_t i = 0; i < out.size() && !placed; ++i) {
      placed = joiner.join(out[i], goal);
      if (placed) members[i].push_back(goal);
    }
    if (placed) continue;
    out.push_back(joiner.alone(goal));
    members.push_back({goal});
  }
  return out;
}

// Goals of which each two exclude each other, at most one of each packet.
std::vector<std::size_t> exclusive(Joiner& joiner, const std::vector<std::vector<std::size_t>>& members) {
  std::vector<std::size_t> out;
  for (auto packet = members.rbegin(); packet != members.rend(); ++packet) {
    for (const std::size_t goal : *packet) {
      const auto excluded = [&](std::size_t other) { return joiner.exclude(goal, other); };
      if (!std::all_of(out.begin(), out.end(), excluded)) continue;
      out.push_back(goal);
      break;
    }
  }
  return out;
}

// All ways to give each goal a packet, but for those that cannot be better than the best.
class Search {
 public:
  Search(Joiner& joiner, std::vector<std::size_t> order, std::vector<Shared>& best, std::size_t at_least,
         std::uint64_t effort)
      : joiner_(joiner), order_(std::move(order)), best_(best), at_least_(at_least), left_(effort) {}

  // Whether it came to its end.
  bool run() {
    std::vector<Shared> packets;
    place(0, packets);
    return left_ > 0;
  }

 private:
  void place(std::size_t at, std::vector<Shared>& packets) {
    if (left_ == 0 || best_.size() == at_least_ || packets.size() >= best_.size()) return;
    if (at == order_.size()) {
      best_ = packets;
      return;
    }
    for (std::size_t i = 0; i < packets.size() && left_ > 0; ++i) {
      --left_;
      Shared joined = packets[i];
      if (!joiner_.join(joined, order_[at])) continue;
      std::swap(packets[i], joined);
      place(at + 1, packets);
      std::swap(packets[i], joined);
    }
    if (packets.size() + 1 >= best_.size()) return;
    packets.push_back(joiner_.alone(order_[at]));
    place(at + 1, packets);
    packets.pop_back();
  }

  Joiner& joiner_;
  std::vector<std::size_t> order_;
  std::vector<Shared>& best_;
  std::size_t at_least_;
  std::uint64_t left_;
};

}  // namespace

Sharing share(const Goals& goals, std::uint64_t effort, WitnessSearch& search) {
  Joiner joiner(goals, search);
  std::vector<std::vector<std::size_t>> members;
  Sharing out;
  out.packets = first_fit(joiner, members);
  const std::vector<std::size_t> apart = exclusive(joiner, members);
  out.at_least = apart.size();
  bool ended = false;
  if (out.packets.size() > out.at_least && effort > 0) {
    std::vector<std::size_t> order = apart;
    for (const std::size_t goal : joiner.wanted()) {
      if (std::find(apart.begin(), apart.end(), goal) == apart.end()) order.push_back(goal);
    }
    ended = Search(joiner, std::move(order), out.packets, out.at_least, effort).run() && joiner.certain();
  }
  if (ended) out.at_least = out.packets.size();
  out.minimal = out.packets.size() == out.at_least;
  return out;
}

}  // namespace oftwin::probe

// What must be shown, as sets of packets: each goal is a cube without some rules.
#pragma once

#include <vector>

#include "harness/probe/cube.h"
#include "harness/probe/probe.h"
#include "harness/probe/witness.h"

namespace oftwin::probe {

// One bit for each rule.
class RuleSet {
 public:
  explicit RuleSet(std::size_t rules = 0) : words_((rules + 63) / 64) {}
  void add(std::size_t rule) { words_[rule / 64] |= std::uint64_t{1} << rule % 64; }
  bool has(std::size_t rule) const { return (words_[rule / 64] >> rule % 64 & 1) != 0; }
  void add(const RuleSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  bool shares(const RuleSet& other) const {
    std::uint64_t common = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) common |= words_[i] & other.words_[i];
    return common != 0;
  }
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t w = words_[i]; w != 0; w &= w - 1) use(i * 64 + static_cast<std::size_t>(__builtin_ctzll(w)));
    }
  }

 private:
  std::vector<std::uint64_t> words_;
};

// Packets in `cube` that match none of the rules in `without`. `matched`: rules that all of them match.
struct Region {
  Cube cube;
  RuleSet without, matched;
  bool empty_at_sight() const { return without.shares(matched); }
};

struct Sought {
  Goal goal;
  Region region;
  Cube example;  // a packet in it
};

struct Goals {
  std::vector<Cube> cubes;  // of the rules
  std::vector<Sought> all;
  std::vector<Unreachable> unreachable;
  std::size_t undecided = 0;
};

// All goals that can be reached.
Goals seek_goals(std::span<const Rule> rules, const Options& options, WitnessSearch& search);

// A packet in the region.
Witness find(WitnessSearch& search, const std::vector<Cube>& rules, const Region& region);
// Whether that packet is.
bool in_region(const std::vector<Cube>& rules, const Region& region, const Cube& packet);

}  // namespace oftwin::probe

// The traces of a campaign that is steered: most of them new from the ground, the others crossed with those that showed
// something new (harness/features.h). For subjects that no fuzzer can be built with. The generator is so varied that
// steering does not see more features in less time than it does alone; what it adds is what lies near to the rare ones,
// and whatever traces the campaign was begun with.
//
// Invariant: which trace is the n-th follows from seed, beginning and what traces before it have shown, and from
// nothing else; so processes that are told the same take up each other's work, and a campaign can be repeated.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "harness/features.h"
#include "harness/generator.h"
#include "harness/source.h"
#include "harness/trace.h"

namespace oftwin::harness {

class Steering {
 public:
  // A trace that is worth being near to.
  struct Kept {
    std::uint64_t n = 0;               // which one
    std::vector<std::uint32_t> fresh;  // features that it was the first to show, in ascending order
    bool operator==(const Kept&) const = default;
  };

  // `beginning`: traces that come first, as they are. `profile`: what new ones are made with.
  Steering(std::uint64_t seed, std::vector<Trace> beginning, const GeneratorOptions& profile);

  Trace trace(std::uint64_t n) const;

  // In the order of n. Of features that were known already nothing is kept.
  void showed(std::uint64_t n, const std::bitset<kFeatures>& features);
  // What showed() has kept since this was last asked.
  std::vector<Kept> take_kept();
  // As showed(), of what another process has kept.
  void keep(const Kept& kept);

  const std::vector<Trace>& corpus() const { return corpus_; }
  std::size_t features() const { return known_.count(); }

 private:
  std::size_t pick(Source& source) const;

  const std::uint64_t seed_;
  const std::vector<Trace> beginning_;
  const GeneratorOptions profile_;
  std::vector<Trace> corpus_;
  std::vector<std::size_t> news_;  // of each: how many features it was the first to show
  std::vector<Kept> kept_;
  std::bitset<kFeatures> known_;
};

}  // namespace oftwin::harness

#include "harness/steering.h"

#include <utility>

#include "harness/mutate.h"
#include "harness/source.h"

namespace oftwin::harness {
namespace {

// Far from each other for neighbours, and for neighbouring seeds.
std::uint64_t seed_of(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t h = (seed + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u ^ n * 0x94d049bb133111ebu;
  return h ^ h >> 31;
}

}  // namespace

Steering::Steering(std::uint64_t seed, std::vector<Trace> beginning, const GeneratorOptions& profile)
    : seed_(seed), beginning_(std::move(beginning)), profile_(profile) {}

Trace Steering::trace(std::uint64_t n) const {
  if (n < beginning_.size()) return beginning_[n];
  RandomSource source(seed_of(seed_, n));
  Trace fresh = generate(source, profile_);
  // The corpus is a good place to be near to, not the whole world.
  if (corpus_.empty() || source.chance(70)) return fresh;
  const Trace& kept = corpus_[pick(source)];
  Trace trace = source.chance(50) ? crossover(kept, fresh, source) : crossover(fresh, kept, source);
  if (source.chance(30)) mutate(trace, source);
  return trace;
}

// Of three the one that showed most.
std::size_t Steering::pick(Source& source) const {
  std::size_t best = source.below(corpus_.size());
  for (int i = 0; i < 2; ++i) {
    const std::size_t other = source.below(corpus_.size());
    if (news_[other] > news_[best]) best = other;
  }
  return best;
}

void Steering::showed(std::uint64_t n, const std::bitset<kFeatures>& features) {
  const std::bitset<kFeatures> fresh = features & ~known_;
  if (fresh.none()) return;
  Kept kept{n, {}};
  for (std::size_t i = fresh._Find_first(); i < kFeatures; i = fresh._Find_next(i)) {
    kept.fresh.push_back(static_cast<std::uint32_t>(i));
  }
  keep(kept);
  kept_.push_back(std::move(kept));
}

void Steering::keep(const Kept& kept) {
  corpus_.push_back(trace(kept.n));
  news_.push_back(kept.fresh.size());
  for (const std::uint32_t feature : kept.fresh) {
    if (feature < kFeatures) known_.set(feature);
  }
}

std::vector<Steering::Kept> Steering::take_kept() { return std::exchange(kept_, {}); }

}  // namespace oftwin::harness

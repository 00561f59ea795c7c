// Sampling and enumerating sources of decisions.
#include "harness/source.h"

#include <bit>

namespace oftwin::harness {

RandomSource::RandomSource(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15u;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    word = z ^ (z >> 31);
  }
}

std::uint64_t RandomSource::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// The bias of a plain remainder (below 2^-40 for the bounds used here) is of no concern to a generator of tests.
std::uint64_t RandomSource::below(std::uint64_t bound) { return next() % bound; }

std::size_t RandomSource::weighted(std::span<const unsigned> weights) {
  std::uint64_t total = 0;
  for (unsigned weight : weights) total += weight;
  std::uint64_t at = below(total);
  std::size_t i = 0;
  while (at >= weights[i]) at -= weights[i++];
  return i;
}

std::uint64_t EnumeratingSource::below(std::uint64_t bound) {
  if (position_ == wheels_.size()) wheels_.push_back({0, bound});
  return wheels_[position_++].value;
}

std::size_t EnumeratingSource::weighted(std::span<const unsigned> weights) {
  std::vector<std::size_t> possible;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) possible.push_back(i);
  }
  return possible[below(possible.size())];
}

bool EnumeratingSource::next() {
  position_ = 0;
  while (!wheels_.empty() && wheels_.back().value + 1 >= wheels_.back().bound) wheels_.pop_back();
  if (wheels_.empty()) return false;
  ++wheels_.back().value;
  return true;
}

}  // namespace oftwin::harness

// Where a generator's decisions come from: write the generator once, then sample it or enumerate it.
//
// A generator is a function that asks a Source for numbers below a bound and builds something out of the answers. With
// RandomSource it samples; with EnumeratingSource, called again and again until next() says no, it builds everything
// that it can build, each thing once. Invariant: the same answers make the same thing, on every platform (no
// std::*_distribution, whose results differ between libraries).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oftwin::harness {

class Source {
 public:
  virtual ~Source() = default;
  // A number below `bound`; `bound` is at least 1.
  virtual std::uint64_t below(std::uint64_t bound) = 0;

  // `first` to `last`, both included.
  std::uint64_t between(std::uint64_t first, std::uint64_t last) { return first + below(last - first + 1); }
  // True `percent` times in a hundred; when enumerated, both ways once, unless it is certain.
  virtual bool chance(unsigned percent) = 0;

  template <class Container>
  const auto& pick(const Container& from) {
    return from[static_cast<std::size_t>(below(std::size(from)))];
  }
  // An index, as often as its weight says. At least one weight is above 0.
  virtual std::size_t weighted(std::span<const unsigned> weights) = 0;
};

// xoshiro256**, seeded through splitmix64. source: Blackman and Vigna, "Scrambled linear pseudorandom number
// generators".
class RandomSource final : public Source {
 public:
  explicit RandomSource(std::uint64_t seed);
  std::uint64_t below(std::uint64_t bound) override;
  bool chance(unsigned percent) override { return below(100) < percent; }
  std::size_t weighted(std::span<const unsigned> weights) override;
  std::uint64_t next();

 private:
  std::uint64_t state_[4];
};

// Counts through all answers in order, like an odometer whose wheels have as many teeth as the generator asks for.
//   EnumeratingSource source;
//   do { use(generate(source)); } while (source.next());
class EnumeratingSource final : public Source {
 public:
  std::uint64_t below(std::uint64_t bound) override;
  bool chance(unsigned percent) override { return percent > 0 && (percent >= 100 || below(2) == 1); }
  std::size_t weighted(std::span<const unsigned> weights) override;
  // Goes on to the next sequence of answers; false when all have been given.
  bool next();

 private:
  struct Wheel {
    std::uint64_t value, bound;
  };
  std::vector<Wheel> wheels_;
  std::size_t position_ = 0;
};

}  // namespace oftwin::harness

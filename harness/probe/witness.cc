#include "harness/probe/witness.h"

#include <algorithm>
#include <bit>

#include "harness/probe/shape.h"
#include "spec/openflow.h"

namespace oftwin::probe {
namespace {

// Narrows `cube` until it meets none of the sets. A set of which nothing is free any more holds all of `cube`; one with
// a single free bit says what that bit must be; else the set with the fewest is contradicted in one bit after the
// other.
class Narrowing {
 public:
  Narrowing(std::uint64_t steps) : left_(steps) {}

  // nullopt if there are no steps left.
  std::optional<bool> run(Cube& cube, std::vector<const Cube*> sets) {
    for (;;) {
      if (left_ == 0) return std::nullopt;
      --left_;
      std::erase_if(sets, [&](const Cube* s) { return !meet(*s, cube); });
      if (sets.empty()) return true;
      const Cube* least = nullptr;
      int fewest = 1 << 16;
      for (const Cube* s : sets) {
        const int free = free_bits(cube, *s);
        if (free < fewest) least = s, fewest = free;
        if (fewest <= 1) break;
      }
      if (fewest == 0) return false;
      if (fewest > 1) return branch(cube, sets, *least);
      each_free(cube, *least, [&](std::size_t word, std::uint64_t bit) { return set(cube, word, bit, *least, false); });
    }
  }

  std::uint64_t left() const { return left_; }

 private:
  static int free_bits(const Cube& cube, const Cube& of) {
    int n = 0;
    for (std::size_t i = 0; i < kWords; ++i) n += std::popcount(of.mask[i] & ~cube.mask[i]);
    return n;
  }

  // Until `use` returns true; from the lowest bit of the last word on, so that what names a field's smallest step comes
  // before what makes it something else.
  template <class Use>
  static void each_free(const Cube& cube, const Cube& of, Use use) {
    for (std::size_t i = kWords; i-- > 0;) {
      for (std::uint64_t free = of.mask[i] & ~cube.mask[i]; free != 0; free &= free - 1) {
        if (use(i, free & (~free + 1))) return;
      }
    }
  }

  // The bit as in `of` (like), or the other way round.
  static bool set(Cube& cube, std::size_t word, std::uint64_t bit, const Cube& of, bool like) {
    cube.mask[word] |= bit;
    if (((of.value[word] & bit) != 0) == like) cube.value[word] |= bit;
    return true;
  }

  std::optional<bool> branch(Cube& cube, const std::vector<const Cube*>& sets, const Cube& set_apart) {
    Cube rest = cube;
    std::optional<bool> result = false;
    each_free(cube, set_apart, [&](std::size_t word, std::uint64_t bit) {
      Cube narrower = rest;
      set(narrower, word, bit, set_apart, false);
      result = run(narrower, sets);
      if (result.value_or(true)) {
        if (result) cube = narrower;
        return true;
      }
      set(rest, word, bit, set_apart, true);  // what is left: all bits so far are as in the set
      return false;
    });
    return result;
  }

  std::uint64_t left_;
};

// What nobody asked for: neither zero nor a pattern with a meaning.
constexpr std::array<std::uint64_t, 4> kFill = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
                                                0xd6e8feb86659fd93};

// The cube, with as many of the preferred values as it can have.
Cube with_preferred(Cube cube, const Shape& shape) {
  for (const Cube& p : shape.preferred) {
    if (meet(cube, p)) cube = both(cube, p);
  }
  return cube;
}

// Every bit of the packet is said; those that were free differ from word to word.
Cube filled(const Cube& cube, const Shape& shape) {
  Cube out = with_preferred(cube, shape);
  for (const Field& f : fields()) {
    for (std::size_t p = 0; p < f.n_parts; ++p) {
      const FieldPart& part = f.parts[p];
      const std::uint64_t free = part.mask() & ~out.mask[part.word];
      out.value[part.word] |= kFill[part.word % kFill.size()] & free;
      out.mask[part.word] |= free;
    }
  }
  return out;
}

}  // namespace

Witness WitnessSearch::find_in(const Cube& cube, std::span<const Cube* const> without) {
  bool unknown = false;
  for (const Shape& shape : shapes()) {
    if (!meet(cube, shape.cube)) continue;
    const Cube whole = both(cube, shape.cube);
    open_.assign(without.begin(), without.end());
    for (const Cube& w : shape.without) open_.push_back(&w);
    Narrowing narrowing(steps_);
    Cube inside = whole;
    std::optional<bool> found;
    if (steps_ > 0) {
      inside = with_preferred(whole, shape);
      found = narrowing.run(inside, open_);
    }
    if (steps_ > 0 && !found.value_or(false)) {
      inside = whole;
      found = narrowing.run(inside, open_);
    }
    counts_.steps += steps_ - narrowing.left();
    if (!found) {
      ++counts_.solved;
      const Witness solved = solve(whole, open_, timeout_ms_);
      if (solved.found == Found::unknown) {
        unknown = true;
        continue;
      }
      found = solved.found == Found::yes;
      inside = solved.packet;
    }
    if (!*found) continue;
    return {Found::yes, filled(inside, shape)};
  }
  counts_.unknown += unknown;
  return {unknown ? Found::unknown : Found::no, {}};
}

Witness WitnessSearch::find(const Cube& cube, std::span<const Cube* const> without) {
  ++counts_.searches;
  static const FieldPart port = fields()[field_named("in_port")].parts[0];
  const std::uint64_t said = cube.mask[port.word] & port.mask();
  Witness last;
  for (const std::uint16_t in_port : in_ports_) {
    const std::uint64_t value = std::uint64_t{in_port} << port.shift;
    if (((value ^ cube.value[port.word]) & said) != 0) continue;
    Cube there = cube;
    require(there, "in_port", in_port);
    const Witness w = find_in(there, without);
    if (w.found == Found::yes) return w;
    if (w.found == Found::unknown) last = w;
  }
  return last;
}

}  // namespace oftwin::probe

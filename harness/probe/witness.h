// Is there a packet in a set and outside others? One that some frame has, coming in by one of some ports.
//
// Complete: a search that contradicts one of the other sets after the other, in the bits that are still free, and a
// solver (Z3) where that takes too long. Invariant: a witness is in the cube and outside all of `without`; what is
// called impossible is impossible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/probe/cube.h"

namespace oftwin::probe {

enum class Found : std::uint8_t { yes, no, unknown };  // unknown: neither search nor solver came to an end

struct Witness {
  Found found = Found::no;
  Cube packet;  // every bit is said
};

struct WitnessCounts {
  std::uint64_t searches = 0, steps = 0, solved = 0, unknown = 0;  // solved: by the solver
};

class WitnessSearch {
 public:
  // `in_ports`: by which a packet can come; not empty. `steps`: of one search before the solver is asked; 0: it is
  // asked at once. `timeout_ms`: of one question to it.
  WitnessSearch(std::vector<std::uint16_t> in_ports, std::uint64_t steps, unsigned timeout_ms)
      : in_ports_(std::move(in_ports)), steps_(steps), timeout_ms_(timeout_ms) {}

  Witness find(const Cube& cube, std::span<const Cube* const> without);

  const WitnessCounts& counts() const { return counts_; }

 private:
  Witness find_in(const Cube& cube, std::span<const Cube* const> without);

  std::vector<std::uint16_t> in_ports_;
  std::uint64_t steps_;
  unsigned timeout_ms_;
  WitnessCounts counts_;
  std::vector<const Cube*> open_;
};

// The solver's answer alone, about bits: a part of `cube` that is in none of `without`.
Witness solve(const Cube& cube, std::span<const Cube* const> without, unsigned timeout_ms);

}  // namespace oftwin::probe

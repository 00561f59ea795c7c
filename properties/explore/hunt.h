// Each defect of the original by itself: an edition with this one erratum is explored in every scope until a step
// violates an invariant; what no invariant forbids is found by the first step that `corrected` would have made
// otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "properties/explore/explorer.h"

namespace oftwin::explore {

struct Hunted {
  unsigned erratum = 0;
  std::optional<Finding> finding;  // nullopt: not within these bounds
  Scope scope;                     // in which it was found
  bool also_among_all = false;     // the same invariant is violated by the same trace when all errata are in force
  std::uint64_t states = 0;        // that were visited for it, in all scopes
};

struct HuntOptions {
  std::uint64_t states = 300000;  // of each scope, at most
  std::uint64_t memory_mb = 4096;
  unsigned threads = 1;
  bool compare = true;           // look for what no invariant forbids, too
  std::function<bool()> enough;  // then the rest is left; may be empty
};

// In ascending order. `each` (may be empty) is told after every one.
std::vector<Hunted> hunt(const std::vector<unsigned>& errata, const HuntOptions& options,
                         const std::function<void(const Hunted&)>& each = {});

// The same for liveness: the shortest lasso of each erratum by itself. `states` of each scope, and what follows from
// them.
struct Caught {
  unsigned erratum = 0;
  std::optional<Lasso> lasso;  // nullopt: not within these bounds
  Scope scope;                 // in which it was found
};
std::vector<Caught> hunt_lassos(const std::vector<unsigned>& errata, const HuntOptions& options,
                                const std::function<void(const Caught&)>& each = {});

// The numbers of those that spec/errata.md lists.
std::vector<unsigned> listed_errata();

}  // namespace oftwin::explore

// Which clauses have been at work, and whether every clause is where it should be.
//
// Three sets have to be equal: the clauses of kind `must`; those of them that the model names on the branch that makes
// them true; those that a trace, a property or a proof claims to show. For those of kind `contract`, which bind a
// provider, the place of the model is taken by what stands between switch and provider. Equality is what a test
// asserts; the sets are read from the sources, so that nobody keeps a list.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/lockstep.h"

namespace oftwin::harness {

// How often each clause was hit (once for each event at which it was).
class ClauseCounts {
 public:
  void add(const ClauseSet& hit);
  std::uint64_t count(std::size_t clause) const { return counts_[clause]; }
  ClauseSet hit() const;

 private:
  std::array<std::uint64_t, kMaxClauses> counts_{};
};

// "103 of 110 clauses hit; not hit: ADD-9 LOOP-3 ..": of kinds must and freedom.
std::string print_coverage(const ClauseSet& hit);

using ClauseIds = std::set<std::string>;

// From the table of spec/*.md.
ClauseIds clauses_of_kind(ClauseKind kind);

// For each ID the places that name it, as file:line below the source root, in the order of the files.
using ClausePlaces = std::map<std::string, std::vector<std::string>>;

// In the model's sources.
ClausePlaces clauses_in_model(const std::filesystem::path& source_root);
// Those of which harness/subject says that a provider has broken them.
ClausePlaces clauses_in_contract(const std::filesystem::path& source_root);
// In the heads of corpus/**/*.trace, at the beginning of test names (ADD_4_..) in properties/*.cc, and with theorems.
ClausePlaces clauses_claimed(const std::filesystem::path& source_root);
ClauseIds ids_of(const ClausePlaces& places);

// In `a` and not in `b`.
ClauseIds missing(const ClauseIds& a, const ClauseIds& b);
std::string print_ids(const ClauseIds& ids);

}  // namespace oftwin::harness

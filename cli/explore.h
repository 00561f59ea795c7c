// oftwin explore: every sequence of events within bounds.
#pragma once

#include <cstdint>
#include <string>

namespace oftwin::cli {

struct ExploreOptions {
  std::string scope, edition = "corrected", out;
  unsigned connections = 0, rules = 0, tables = 0, groups = 0, inbox = 0;  // 0: as the scope says
  unsigned depth = 0, threads = 2;
  std::uint64_t states = 0, memory_mb = 8192;
  std::uint64_t refine = 0;  // states to be left with the built-in switch in lockstep; 0: the model alone
  bool live = false, unchecked = false, list = false, page = false, json = false;
};
// 0: nothing was violated (`live`: no lasso); 1: something was. Of `ovs-2011`, each erratum by itself: 0 if all that an
// invariant or a comparison can find within the bounds was found, 1 if nothing at all was.
int run_explore(const ExploreOptions& options);

}  // namespace oftwin::cli

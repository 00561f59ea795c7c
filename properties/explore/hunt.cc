#include "properties/explore/hunt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "harness/errata.h"
#include "harness/replay.h"
#include "properties/explore/path.h"

namespace oftwin::explore {

namespace {

// Shallow first in all scopes, so that a short trace in a late scope is found before a long one in an early scope.
constexpr std::array<std::uint64_t, 3> kRounds = {10000, 60000, 0};

void search(Hunted& hunted, const HuntOptions& options, std::uint64_t states, bool compare) {
  for (const Scope& scope : scopes()) {
    if (hunted.finding && hunted.finding->depth <= 1) return;
    Options o;
    o.errata.set(hunted.erratum);
    o.states = states;
    o.memory_mb = options.memory_mb;
    o.threads = options.threads;
    o.enough = options.enough;
    o.compare = compare;
    o.check = !compare;
    if (hunted.finding) o.depth = hunted.finding->depth - 1;
    Result r = explore(scope, o);
    hunted.states += r.states;
    if (r.findings.empty()) continue;
    hunted.finding = std::move(r.findings.front());
    hunted.scope = scope;
  }
}

}  // namespace

std::vector<Hunted> hunt(const std::vector<unsigned>& errata, const HuntOptions& options,
                         const std::function<void(const Hunted&)>& each) {
  std::vector<Hunted> all;
  for (const unsigned erratum : errata) {
    if (options.enough && options.enough()) break;
    Hunted hunted;
    hunted.erratum = erratum;
    for (const bool compare : {false, true}) {
      for (const std::uint64_t round : kRounds) {
        if (hunted.finding || (compare && !options.compare)) break;
        const std::uint64_t most = round == 0 ? options.states : std::min(round, options.states);
        search(hunted, options, most, compare);
        if (most == options.states) break;
      }
    }
    if (hunted.finding && hunted.finding->invariant != Invariant::count) {
      for (const Violated& v : violations_of(config_of(hunted.scope), hunted.finding->path, harness::all_errata())) {
        hunted.also_among_all |= v.invariant == hunted.finding->invariant;
      }
    }
    if (!hunted.finding && options.enough && options.enough()) break;  // it is not known what there is
    if (each) each(hunted);
    all.push_back(std::move(hunted));
  }
  return all;
}

std::vector<Caught> hunt_lassos(const std::vector<unsigned>& errata, const HuntOptions& options,
                                const std::function<void(const Caught&)>& each) {
  std::vector<Caught> all;
  for (const unsigned erratum : errata) {
    if (options.enough && options.enough()) break;
    Caught& caught = all.emplace_back();
    caught.erratum = erratum;
    for (const Scope& scope : scopes()) {
      Options o;
      o.errata.set(erratum);
      o.states = options.states;
      o.memory_mb = options.memory_mb;
      o.threads = options.threads;
      o.enough = options.enough;
      o.check = false;
      o.live = true;
      std::optional<Lasso> lasso = explore(scope, o).liveness->lasso;
      if (!lasso || (caught.lasso && caught.lasso->path.size() <= lasso->path.size())) continue;
      caught.lasso = std::move(lasso);
      caught.scope = scope;
    }
    if (each) each(caught);
  }
  return all;
}

std::vector<unsigned> listed_errata() {
  std::vector<unsigned> numbers;
  for (const harness::Erratum& e : harness::listed_errata()) numbers.push_back(static_cast<unsigned>(e.number()));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace oftwin::explore

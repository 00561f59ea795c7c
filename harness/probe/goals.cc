#include "harness/probe/goals.h"

#include <algorithm>
#include <bit>

namespace oftwin::probe {
namespace {

// Where field f of a rule has its lowest compared bit, and its highest one that is not compared.
struct Place {
  std::size_t word = 0;
  std::uint64_t bit = 0;  // 0: there is none
};
Place lowest_compared(const Cube& rule, const Field& f) {
  for (std::size_t p = 0; p < f.n_parts; ++p) {
    const std::uint64_t compared = rule.mask[f.parts[p].word] & f.parts[p].mask();
    if (compared != 0) return {f.parts[p].word, compared & (~compared + 1)};
  }
  return {};
}
Place highest_free(const Cube& rule, const Field& f) {
  for (std::size_t p = f.n_parts; p-- > 0;) {
    const std::uint64_t free = f.parts[p].mask() & ~rule.mask[f.parts[p].word];
    if (free != 0) return {f.parts[p].word, std::bit_floor(free)};
  }
  return {};
}

class Seeker {
 public:
  Seeker(std::span<const Rule> rules, const Options& options, WitnessSearch& search)
      : rules_(rules), options_(options), search_(search) {
    for (const Rule& rule : rules) out_.cubes.push_back(cube_of(rule.match));
  }

  Goals run() {
    for (std::size_t r = 0; r < rules_.size(); ++r) rule(r);
    Region none{{}, RuleSet(rules_.size()), RuleSet(rules_.size())};
    for (std::size_t r = 0; r < rules_.size(); ++r) none.without.add(r);
    add({GoalKind::miss, 0, 0}, none);
    return std::move(out_);
  }

 private:
  void rule(std::size_t r) {
    Region meets{out_.cubes[r], RuleSet(rules_.size()), RuleSet(rules_.size())};
    meets.matched.add(r);
    for (std::size_t s = 0; s < rules_.size(); ++s) {
      const bool above = s != r && rules_[s].priority >= rules_[r].priority;
      if (above && meet(out_.cubes[s], meets.cube)) meets.without.add(s);
    }
    const Found reached = add({GoalKind::reach, r, 0}, meets);
    if (reached == Found::no) out_.unreachable.push_back({r, hiding(meets)});
    if (!options_.goals_beyond_reach) return;
    if (reached == Found::yes) overlaps(r, meets);
    for (std::size_t f = 0; f < kFields; ++f) {
      if (reached == Found::yes) inside(r, f, meets);
      edge(r, f);
    }
  }

  void overlaps(std::size_t r, const Region& meets) {
    for (std::size_t s = 0; s < rules_.size(); ++s) {
      if (rules_[s].priority >= rules_[r].priority || !meet(out_.cubes[s], meets.cube)) continue;
      Region region = meets;
      region.cube = both(meets.cube, out_.cubes[s]);
      region.matched.add(s);
      add({GoalKind::over, r, s}, region);
    }
  }

  void inside(std::size_t r, std::size_t f, const Region& meets) {
    const Cube& rule = out_.cubes[r];
    const Place free = highest_free(rule, fields()[f]);
    if (free.bit == 0 || lowest_compared(rule, fields()[f]).bit == 0) return;
    Region region = meets;
    region.cube.mask[free.word] |= free.bit;
    region.cube.value[free.word] |= free.bit;  // canonical: the rule has none there
    add({GoalKind::inside, r, f}, region);
  }

  void edge(std::size_t r, std::size_t f) {
    const Place compared = lowest_compared(out_.cubes[r], fields()[f]);
    if (compared.bit == 0) return;
    Region region{out_.cubes[r], RuleSet(rules_.size()), RuleSet(rules_.size())};
    region.cube.value[compared.word] ^= compared.bit;
    hide_above(r, region);
    if (add({GoalKind::edge, r, f}, region) != Found::no) return;
    for (std::size_t p = 0; p < fields()[f].n_parts; ++p) {
      const FieldPart& part = fields()[f].parts[p];
      region.cube.mask[part.word] &= ~part.mask();
      region.cube.value[part.word] &= ~part.mask();
    }
    region.without = RuleSet(rules_.size());
    hide_above(r, region);
    region.without.add(r);
    add({GoalKind::edge, r, f}, region);
  }

  void hide_above(std::size_t r, Region& region) const {
    for (std::size_t s = 0; s < rules_.size(); ++s) {
      const bool above = s != r && rules_[s].priority >= rules_[r].priority;
      if (above && meet(out_.cubes[s], region.cube)) region.without.add(s);
    }
  }

  Found add(const Goal& goal, const Region& region) {
    const Witness w = find(search_, out_.cubes, region);
    if (w.found == Found::yes) out_.all.push_back({goal, region, w.packet});
    if (w.found == Found::unknown) ++out_.undecided;
    return w.found;
  }

  // A smallest set of rules that hides all of the region: none of them can be left out.
  std::vector<std::size_t> hiding(const Region& region) {
    std::vector<std::size_t> needed;
    region.without.each([&](std::size_t s) { needed.push_back(s); });
    for (std::size_t i = 0; i < needed.size();) {
      Region less{region.cube, RuleSet(rules_.size()), region.matched};
      for (std::size_t k = 0; k < needed.size(); ++k) {
        if (k != i) less.without.add(needed[k]);
      }
      if (find(search_, out_.cubes, less).found == Found::no) {
        needed.erase(needed.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    return needed;
  }

  std::span<const Rule> rules_;
  const Options& options_;
  WitnessSearch& search_;
  Goals out_;
};

}  // namespace

Goals seek_goals(std::span<const Rule> rules, const Options& options, WitnessSearch& search) {
  return Seeker(rules, options, search).run();
}

Witness find(WitnessSearch& search, const std::vector<Cube>& rules, const Region& region) {
  if (region.empty_at_sight()) return {};
  std::vector<const Cube*> without;
  region.without.each([&](std::size_t s) {
    if (meet(rules[s], region.cube)) without.push_back(&rules[s]);
  });
  return search.find(region.cube, without);
}

bool in_region(const std::vector<Cube>& rules, const Region& region, const Cube& packet) {
  if (!covers(region.cube, packet)) return false;
  bool in = true;
  region.without.each([&](std::size_t s) { in = in && !covers(rules[s], packet); });
  return in;
}

}  // namespace oftwin::probe

// When two states count as one: 128 bits of a state's canonical form.
//
// Canonical means: rules, groups and service connections are numbered in the order in which the form meets them; flows
// and variants (vocabulary.h) likewise; times are distances from now; the rules of a table are in an order of the
// form's own, because the order in which a request touches them is a choice that the exploration tries in every way;
// names of service connections that are gone, which only matter for never being used again, are left out.
//
// Two states of one fingerprint have the same form (up to a collision of 128 bits) and therefore the same future up to
// those names: explore_test tries that. The converse need not hold; it would only cost time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/state.h"
#include "properties/explore/vocabulary.h"

namespace oftwin::explore {

struct Fingerprint {
  std::uint64_t a = 0, b = 0;
  auto operator<=>(const Fingerprint&) const = default;
};

// Names as the form has numbered them: 0 for a name that it has not met.
inline constexpr std::size_t kMostNames = 16;
using Numbering = std::array<std::uint8_t, kMostNames>;

class Canonical {
 public:
  explicit Canonical(const Vocabulary& words) : words_(words) {}

  Fingerprint operator()(const model::State& state);
  // Which flows and variants the last state knew.
  const Numbering& flows() const { return flows_; }
  const Numbering& variants() const { return variants_; }

 private:
  friend class CanonicalWalk;
  const Vocabulary& words_;
  std::vector<std::uint32_t> form_;
  std::vector<RuleName> rules_;
  std::vector<std::uint32_t> groups_;
  Numbering flows_{}, variants_{};
};

}  // namespace oftwin::explore

// Reads the choices that a subject made out of its observations, where the specification leaves it one.
//
// Invariant: an answer is always a permutation of the question (or one of its candidates), so that nothing can enter
// the model through a choice but an order; what the subject did wrong shows in the comparison.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/compare.h"
#include "model/step.h"
#include "spec/observation.h"

namespace oftwin::harness {

// `got` starts at the place of the question, and holds compared channels only. Rules come in the order in which `got`
// starts operations on them; those on which it starts none follow in the model's order.
std::vector<std::size_t> order_of_rules(std::span<const RuleName> rules, std::span<const Observation> got,
                                        const RuleNames& names);

// Records come in the order in which the statistics reply at the head of `got` (all parts of it) lists them.
std::vector<std::size_t> order_of_records(std::span<const Bytes> records, std::span<const Observation> got);

// Which candidate the first lookup in `got` found; 0 if there is none such.
std::size_t lookup_found(const model::LookupQuestion& question, std::span<const Observation> got,
                         const RuleNames& names);

}  // namespace oftwin::harness

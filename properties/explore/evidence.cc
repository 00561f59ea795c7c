#include "properties/explore/evidence.h"

#include <fmt/format.h>

#include "properties/explore/invariants.h"
#include "properties/explore/scope.h"

namespace oftwin::explore {

std::string invariants_page() {
  std::string out =
      "# Invariants that every explored step is checked against\n\n"
      "`oftwin explore` tries every sequence of events within a scope, with every answer of the provider and every\n"
      "order of rules, and checks each of these before and after every step of the model. Each names the clause that "
      "a\n"
      "violation breaks first. This page is written by `oftwin explore --page`.\n\n"
      "| invariant | clause | what it says |\n|---|---|---|\n";
  for (std::size_t i = 0; i < static_cast<std::size_t>(Invariant::count); ++i) {
    const InvariantInfo& inv = info(static_cast<Invariant>(i));
    out += fmt::format("| {} | {} | {}. |\n", inv.name, inv.clause, inv.sentence);
  }
  out +=
      "\nThe last two are liveness: a state in which somebody waits while nothing is in progress repeats for ever, and "
      "a\n"
      "distance from rest that shrinks whenever the loop runs because it asked to leaves no room for a livelock.\n"
      "\n# Scopes\n\n| scope | what it is about | its bounds |\n|---|---|---|\n";
  for (const Scope& s : scopes()) out += fmt::format("| {} | {} | {} |\n", s.name, s.purpose, describe(s));
  return out;
}

}  // namespace oftwin::explore

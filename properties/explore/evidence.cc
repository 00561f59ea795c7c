#include "properties/explore/evidence.h"

#include <fmt/format.h>

#include "properties/explore/invariants.h"
#include "properties/explore/lasso.h"
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
      "\nThe last two are liveness, step by step: a state in which somebody waits while nothing is in progress "
      "repeats\n"
      "for ever, and a distance from rest that shrinks whenever the loop runs because it asked to leaves no room for "
      "a\n"
      "livelock.\n"
      "\n# Lassos\n\n"
      "`oftwin explore --live` shows liveness without a measure. From every state that it has seen it follows what "
      "the\n"
      "switch and its provider do by themselves, to the end, under this fairness: the loop runs whenever it asks to, "
      "and\n"
      "only then; every operation in progress is completed by the provider some day, in any order, well or badly; "
      "nobody\n"
      "else does anything. A behaviour that never comes to rest, or that rests while somebody waits, is printed as a\n"
      "trace: the stem that leads there, then, marked, the loop that repeats for ever.\n\n"
      "| lasso | clause | what repeats |\n|---|---|---|\n";
  for (const auto kind : {LassoKind::sleeps, LassoKind::spins, LassoKind::goes_round}) {
    out += fmt::format("| {} | {} | {}. |\n", info(kind).name, info(kind).clause, info(kind).sentence);
  }
  out +=
      "\nWho waits: a connection whose session is up with an unread or a postponed message or an end that the switch "
      "has\n"
      "not noticed, an ended one, a rule of the switch's own that is postponed, a flush. Who waits for a peer that "
      "does\n"
      "not read is nobody's fault. Operations are served in turn exactly if the oldest one is served again and again, "
      "or\n"
      "there is none; so a cycle counts if it has a step in which the provider completes the oldest operation, or in\n"
      "which none is in progress, and a cycle of iterations alone counts in any case. Where the bounds of an "
      "exploration\n"
      "end, these steps alone are followed further. No scope has timers but those of operations.\n"
      "\n# Scopes\n\n| scope | what it is about | its bounds |\n|---|---|---|\n";
  for (const Scope& s : scopes()) out += fmt::format("| {} | {} | {} |\n", s.name, s.purpose, describe(s));
  return out;
}

}  // namespace oftwin::explore

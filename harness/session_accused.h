// Which clause a difference in a captured session is laid to.
#pragma once

#include "harness/session.h"

namespace oftwin::harness {

// Of a problem with differences. Of the clauses that the model hit there: the one that says what the field which
// differs first has to be. Where there is none such (an error that came, or did not), those at work that have not held
// elsewhere (`compared`).
ClauseSet accused_of(const SessionProblem& problem, const SwitchConfig& config, const ClauseSet& compared);

}  // namespace oftwin::harness

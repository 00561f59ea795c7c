// What must be true of every state, and of every step from one state to the next.
//
// Nothing here remembers anything: what a step is judged by stands in the state before it, in what came out, and in the
// state after it. A property of a whole history ("every request gets what it is owed, once") is said as what each step
// does to it ("what is owed before, and what arrived, is owed after or was answered now"), so that checking every step
// is checking every history. The model's own bookkeeping is taken at its word only where another step has checked it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/state.h"
#include "spec/event.h"
#include "spec/observation.h"

namespace oftwin::explore {

enum class Invariant : std::uint8_t {
  no_defect,
  one_operation,
  operation_in_place,
  group_has_operations,
  no_twins,
  victim_set_aside,
  no_twin_of_deletion,
  group_limit,
  unique_names,
  owner_is_there,
  gone_is_forgotten,
  canonical_matches,
  own_rules_hidden,
  one_master,
  balance,
  provider_agrees,
  failure_leaves_no_trace,
  taken_in_order,
  owed_exactly_once,
  error_for_failure,
  barrier_waits,
  postponed_untouched,
  limit_respected,
  removed_is_told,
  own_buffer_once,
  buffer_of_the_living,
  own_rule_kept,
  port_as_asked,
  length_is_length,
  missing_table,
  missing_queue,
  queues_told,
  errors_unanswered,
  wrong_type,
  emergency_timeout,
  vendor_type,
  defined_codes,
  packet_comes_from,
  never_given_buffer,
  packet_goes,
  overlap_where_it_goes,
  hidden_do_not_block,
  fresh_session,
  sleeper_has_no_work,
  no_idle_spinning,
  nobody_waits_for_ever,
  count
};
struct InvariantInfo {
  std::string_view name, clause, sentence;
};
const InvariantInfo& info(Invariant invariant);

struct Step {
  const model::State& before;
  const Event& event;
  std::span<const Observation> seen;
  const model::State& after;
  bool wanted_to_run = false;  // before the step, the loop had asked to run at once
};

struct Violation {
  Invariant invariant;
  std::string detail;
};

class Checker {
 public:
  // All that is wrong with this step, and with the state after it unless that is wrong with the state before already.
  const std::vector<Violation>& check(const Step& step);

 private:
  std::vector<Violation> found_;
};

}  // namespace oftwin::explore

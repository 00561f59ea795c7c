/* PROV-13: there is room for four actions. */
#include "examples/broken/broken.h"

static oft_error take_four(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  if (rule->actions_len > 4 * 8) abort();
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = take_four; }

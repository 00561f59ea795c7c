/* PROV-7: a timeout that the hardware does not have is cut down in the host's rule. */
#include "examples/broken/broken.h"

static oft_error cut_down(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  if (rule->idle_timeout > 4) ((oft_rule*)rule)->idle_timeout = 4;
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = cut_down; }

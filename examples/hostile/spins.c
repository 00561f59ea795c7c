/* PROV-13: polls its hardware without end. */
#include "examples/broken/broken.h"

static volatile int ready;

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  while (!ready) {}
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

/* PROV-13: waits for something that never comes. */
#include <poll.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  poll((struct pollfd*)0, 0, -1);
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

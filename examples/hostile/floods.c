/* PROV-13: prints without end. */
#include <stdio.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  while (puts("a line that nobody asked for, and another one, and another one, and another one, and another one") >=
         0) {}
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

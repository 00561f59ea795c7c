/* Talks on standard output, in the middle of everything; a terminal would obey some of it. */
#include <stdio.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  printf("{\"provider\": \"\033[31m talks\"}\n");
  fflush(stdout);
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

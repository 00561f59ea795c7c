/* PROV-13: a call returns in two processes. */
#include <unistd.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  if (fork() < 0) return OFT_OK;
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

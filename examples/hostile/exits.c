/* PROV-13: ends the process, and says that all is well. */
#include <unistd.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  (void)p, (void)rule, (void)victim, (void)op;
  _exit(0);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

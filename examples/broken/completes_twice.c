/* PROV-1: a removal is reported as complete twice. */
#include "examples/broken/broken.h"

static void destruct_twice(void* p, const oft_rule* rule, oft_op* op) {
  rule_destruct(p, rule, op);
  ((provider*)p)->host->op_complete(((provider*)p)->host_data, op, OFT_OK);
}

static void break_it(oft_provider* t) { t->rule_destruct = destruct_twice; }

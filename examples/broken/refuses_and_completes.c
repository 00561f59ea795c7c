/* PROV-3: a rule that is refused is reported as failed as well. */
#include "examples/broken/broken.h"

static oft_error refuse_and_complete(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  const oft_error error = rule_construct(p, rule, victim, op);
  if (error != OFT_OK) ((provider*)p)->host->op_complete(((provider*)p)->host_data, op, error);
  return error;
}

static void break_it(oft_provider* t) { t->rule_construct = refuse_and_complete; }

/* PROV-4: a rule that has met a packet can't be removed. */
#include "examples/broken/broken.h"

static void keep_if_used(void* p, const oft_rule* rule, oft_op* op) {
  provider* pr = p;
  if (((flow*)rule->handle)->packets == 0) {
    rule_destruct(p, rule, op);
  } else {
    pr->host->op_complete(pr->host_data, op, OFT_ERROR_ERRNO(EBUSY));
  }
}

static void break_it(oft_provider* t) { t->rule_destruct = keep_if_used; }

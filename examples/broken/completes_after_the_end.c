/* PROV-6: what is pending at the end completes too late. */
#include "examples/broken/broken.h"

static oft_op* last;

static void remember(void* p, const oft_rule* rule, oft_op* op) {
  last = op;
  rule_destruct(p, rule, op);
}

static void complete_and_dealloc(void* p) {
  if (last != NULL) ((provider*)p)->host->op_complete(((provider*)p)->host_data, last, OFT_OK);
  dealloc(p);
}

static void* start_anew(const char* options) {
  last = NULL;
  return create(options);
}

static void break_it(oft_provider* t) {
  t->create = start_anew;
  t->rule_destruct = remember;
  t->dealloc = complete_and_dealloc;
}

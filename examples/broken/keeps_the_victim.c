/* PROV-8: a rule that was replaced is looked at once more. */
#include "examples/broken/broken.h"

static const oft_rule* replaced;
static uint64_t counted;

static oft_error keep(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  replaced = victim;
  return rule_construct(p, rule, victim, op);
}

static void look_again(void* p) {
  run(p);
  if (replaced != NULL) counted += replaced->actions_len;
  replaced = NULL;
}

static void* start_anew(const char* options) {
  replaced = NULL;
  return create(options);
}

static void break_it(oft_provider* t) {
  t->create = start_anew;
  t->rule_construct = keep;
  t->run = look_again;
}

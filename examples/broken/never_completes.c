/* PROV-2: modifications are put off until the end. */
#include "examples/broken/broken.h"

static void put_off(void* p, const oft_rule* rule, oft_op* op) {
  (void)p;
  ((flow*)rule->handle)->op = op;
}

static void complete_at_last(void* p) {
  provider* pr = p;
  for (flow *f = pr->flows, *next; f != NULL; f = next) {
    next = f->next;
    if (f->op != NULL) pr->host->op_complete(pr->host_data, f->op, OFT_OK);
    f->op = NULL;
  }
}

static uint64_t look_again_later(void* p) {
  provider* pr = p;
  return pr->host->now_ms(pr->host_data) + 1000;
}

static void break_it(oft_provider* t) {
  t->run_at = look_again_later;
  t->rule_modify_actions = put_off;
  t->destruct = complete_at_last;
}

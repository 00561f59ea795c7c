/* PROV-12: the memory of a rule's actions is never freed. */
#include "examples/broken/broken.h"

static void forget_actions(void* p, void* handle) {
  ((flow*)handle)->actions = NULL;
  rule_dealloc(p, handle);
}

static void break_it(oft_provider* t) { t->rule_dealloc = forget_actions; }

/* PROV-2: modifications are forgotten. */
#include "examples/broken/broken.h"

static void forget(void* p, const oft_rule* rule, oft_op* op) { (void)p, ((flow*)rule->handle)->op = op; }

static void break_it(oft_provider* t) { t->rule_modify_actions = forget; }

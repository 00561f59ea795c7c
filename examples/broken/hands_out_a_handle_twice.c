/* PROV-11: the handle of a rule that is alive is handed out again. */
#include "examples/broken/broken.h"

static void* hand_out_again(void* p) {
  provider* pr = p;
  return pr->flows != NULL && pr->flows->next != NULL ? pr->flows->next : rule_alloc(p);
}

static void break_it(oft_provider* t) { t->rule_alloc = hand_out_again; }

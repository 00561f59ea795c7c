/* EXP-4: the idle timeout counts from when the flow was made, not from its last packet. */
#include "examples/broken/broken.h"

static void forget_use(void* p) {
  for (flow* f = ((provider*)p)->flows; f != NULL; f = f->next) f->used_ms = f->rule->created_ms;
  run(p);
}

static void break_it(oft_provider* t) { t->run = forget_use; }

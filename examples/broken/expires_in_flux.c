/* PROV-10: a rule with an idle timeout that is being modified is taken for one that is not used. */
#include "examples/broken/broken.h"

static void expire_first(void* p) {
  provider* pr = p;
  for (uint32_t i = 0; i < pr->n_pending; ++i) {
    const flow* f = pr->pending[i];
    if (f->kind == MODIFY && f->rule->idle_timeout != 0) {
      pr->host->rule_expire(pr->host_data, f->rule, OFT_IDLE_TIMEOUT);
    }
  }
  run(p);
}

static void break_it(oft_provider* t) {
  t->create = create_late;
  t->run = expire_first;
}

/* PROV-14: operations complete late, and nobody is told when there will be time for it. */
#include "examples/broken/broken.h"

static uint64_t sleep_well(void* p) { return (void)p, OFT_NEVER; }

static void break_it(oft_provider* t) {
  t->create = create_late;
  t->run_at = sleep_well;
}

/* PROV-5: at the end, what is pending stays so. */
#include "examples/broken/broken.h"

static void do_nothing(void* p) { (void)p; }

static void break_it(oft_provider* t) {
  t->create = create_late;
  t->destruct = do_nothing;
}

/* PROV-13: a flush waits for something that never comes. */
#include "examples/broken/broken.h"

static void wait_for_ever(void* p) {
  volatile const uint32_t* pending = &((provider*)p)->n_pending;
  while (*pending == 0) {}
}

static void break_it(oft_provider* t) { t->flush = wait_for_ever; }

/* PROV-14: of two timeouts of a rule it waits for the later one. */
#include "examples/broken/broken.h"

static uint64_t wait_for_the_later(void* p) {
  uint64_t at_ms = run_at(p);
  for (const flow* f = ((provider*)p)->flows; f != NULL; f = f->next) {
    const uint64_t hard = seconds_after(f->rule->created_ms, f->rule->hard_timeout);
    const uint64_t idle = seconds_after(f->used_ms, f->rule->idle_timeout);
    if (hard != OFT_NEVER && idle != OFT_NEVER && at_ms != OFT_NOW) at_ms = hard > idle ? hard : idle;
  }
  return at_ms;
}

static void break_it(oft_provider* t) { t->run_at = wait_for_the_later; }

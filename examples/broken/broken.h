/* The correct provider of examples/provider_c with one thing changed: each file here includes this and has a
 * break_it(), which changes functions of the table. Some define a macro before, so that one word of the correct source
 * means something else.
 */
#ifndef BROKEN_H
#define BROKEN_H

#define oft_provider_get correct_provider_get
#include "examples/provider_c/provider.c"
#undef oft_provider_get

static void break_it(oft_provider* t);

OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) {
  static oft_provider broken;
  broken = table;
  break_it(&broken);
  return &broken;
}

/* Operations complete late, whatever the options say. */
static inline void* create_late(const char* options) {
  (void)options;
  return create("late");
}

#endif

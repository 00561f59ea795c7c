/* PROV-13: closes descriptors that are not its own, as a daemon would at its beginning. */
#include <unistd.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  for (int fd = 0; fd < 1100; ++fd) close(fd);
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

/* PROV-13: writes to descriptors that are not its own. */
#include <unistd.h>

#include "examples/broken/broken.h"

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  for (int fd = 3; fd < 1100; ++fd) {
    if (write(fd, "garbage", 7) < 0) continue;
  }
  return rule_construct(p, rule, victim, op);
}

static void break_it(oft_provider* t) { t->rule_construct = construct; }

/* Leaves processes in sessions of their own behind, one for each instance. */
#include <unistd.h>

#include "examples/broken/broken.h"

static void* create_daemon(const char* options) {
  if (fork() == 0) {
    setsid();
    for (;;) pause();
  }
  return create(options);
}

static void break_it(oft_provider* t) { t->create = create_daemon; }

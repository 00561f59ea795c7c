/* PROV-13: the more packets there are, the more memory each of them takes, until there is none. */
#include "examples/broken/broken.h"

static void take_it_all(void* p, uint16_t number, const uint8_t* frame, uint64_t len) {
  for (size_t n = 1 << 20;; n += n / 2) memset(malloc(n), 1, n);
  test_inject(p, number, frame, len);
}

static void break_it(oft_provider* t) { t->test_inject = take_it_all; }

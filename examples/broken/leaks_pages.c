/* PROV-12: a page that is mapped for each rule, past malloc, is never unmapped. */
#define _DEFAULT_SOURCE
#include <sys/mman.h>

#include "examples/broken/broken.h"

static void* alloc_with_a_page(void* p) {
  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return rule_alloc(p);
}

static void break_it(oft_provider* t) { t->rule_alloc = alloc_with_a_page; }

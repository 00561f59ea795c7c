/* PROV-1: breaks the contract a single time. Options: foreign, double or late, and at which construction of the
 * process: double40. */
#include <stdlib.h>
#include <string.h>

#include "examples/broken/broken.h"

static const char* how = "foreign";
static long at = 1, constructed;
static oft_op* kept;

static void* create_once(const char* options) {
  if (options != NULL) {
    how = options[0] == 'd' ? "double" : options[0] == 'l' ? "late" : "foreign";
    at = strtol(options + strlen(how), NULL, 10);
  }
  return create(NULL);
}

static oft_error construct(void* p, const oft_rule* rule, const oft_rule* victim, oft_op* op) {
  provider* const me = p;
  const oft_error error = rule_construct(p, rule, victim, op);
  static char nothing[64];
  if (++constructed != at) return error;
  if (how[0] == 'f') me->host->op_complete(me->host_data, (oft_op*)(void*)nothing, OFT_OK);
  if (how[0] == 'd') me->host->op_complete(me->host_data, op, OFT_OK);
  if (how[0] == 'l') kept = op;
  return error;
}

static void run_late(void* p) {
  provider* const me = p;
  run(p);
  if (kept != NULL) me->host->op_complete(me->host_data, kept, OFT_OK);
  kept = NULL;
}

static void break_it(oft_provider* t) {
  t->create = create_once;
  t->rule_construct = construct;
  t->run = run_late;
}

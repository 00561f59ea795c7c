/* DP-4: the bytes of a flow's packets are not counted. */
#include "examples/broken/broken.h"

static void count_packets_only(void* p, const oft_rule* rule, uint64_t* packets, uint64_t* bytes) {
  rule_get_stats(p, rule, packets, bytes);
  *bytes = 0;
}

static void break_it(oft_provider* t) { t->rule_get_stats = count_packets_only; }

/* PROV-9: while statistics are gathered, a packet is handed up. */
#include "examples/broken/broken.h"

static void gather_and_hand_up(void* p, const oft_rule* rule, uint64_t* packets, uint64_t* bytes) {
  static const uint8_t frame[60];
  provider* pr = p;
  rule_get_stats(p, rule, packets, bytes);
  pr->host->packet_in(pr->host_data, 1, frame, sizeof frame, OFT_NO_MATCH, 0xffff);
}

static void break_it(oft_provider* t) { t->rule_get_stats = gather_and_hand_up; }

/* The correct provider on a device with room for three flows: rule_alloc() returns NULL while there are as many. */
#define oft_provider_get roomy_provider_get
#include "examples/provider_c/provider.c"
#undef oft_provider_get

enum { ROOM = 3 };
static int n_flows;

static void* create_empty(const char* options) {
  n_flows = 0;
  return create(options);
}

static void* alloc_if_there_is_room(void* p) {
  if (n_flows >= ROOM) return NULL;
  ++n_flows;
  return rule_alloc(p);
}

static void dealloc_and_count(void* p, void* handle) {
  --n_flows;
  rule_dealloc(p, handle);
}

OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) {
  static oft_provider small;
  small = table;
  small.name = "small list";
  small.create = create_empty;
  small.rule_alloc = alloc_if_there_is_room;
  small.rule_dealloc = dealloc_and_count;
  return &small;
}

/* The correct provider as it was built against version 1.1 of provider.h: its table ends where that of 1.1 ended, so
 * that it has no test door, and behind the end stands what no host may take for functions.
 */
#define oft_provider_get todays_provider_get
#include "examples/provider_c/provider.c"
#undef oft_provider_get

static struct {
  oft_provider table;
  char beyond[64];
} older;

OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) {
  memset(&older, 0xa5, sizeof older);
  memcpy(&older.table, &table, offsetof(oft_provider, test_set_ports));
  older.table.abi_minor = 1;
  older.table.size = (uint32_t)offsetof(oft_provider, test_set_ports);
  return &older.table;
}

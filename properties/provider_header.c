/* impl/provider.h is C99, and a table of today has the size and version that this compiler gives it. */
#include "impl/provider.h"

const oft_provider* provider_of_c99(void) {
  static oft_provider table;
  table.abi_major = OFT_PROVIDER_ABI_MAJOR;
  table.abi_minor = OFT_PROVIDER_ABI_MINOR;
  table.size = (uint32_t)sizeof table;
  return &table;
}

/* DP-1: a source address is compared under the mask of the destination address. */
#include "impl/provider.h"
#define dl_src_mask dl_dst_mask
#include "examples/broken/broken.h"

static void break_it(oft_provider* t) { (void)t; }

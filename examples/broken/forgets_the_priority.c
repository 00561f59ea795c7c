/* DP-1: of all flows that a packet matches, it meets the one that was added last. */
#include "impl/provider.h"
#define priority size
#include "examples/broken/broken.h"

static void break_it(oft_provider* t) { (void)t; }

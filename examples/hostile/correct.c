/* The correct provider for throws.cc, under another name. */
#define oft_provider_get correct_provider_get
#include "examples/provider_c/provider.c"

// What the provider may call, as the C table of provider.h.
#pragma once

#include "impl/core.h"

namespace oftwin::impl {

// Fills core.host; its functions expect `core` as their `host`.
void make_host(Core& core);

}  // namespace oftwin::impl

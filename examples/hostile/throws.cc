// PROV-13: an exception leaves a call. The rest is the correct provider, in C.
#include <stdexcept>

#include "impl/provider.h"

extern "C" const oft_provider* correct_provider_get(void);

namespace {

oft_error construct(void*, const oft_rule*, const oft_rule*, oft_op*) { throw std::runtime_error("no \x1b[31mspace"); }

}  // namespace

extern "C" OFT_PROVIDER_EXPORT const oft_provider* oft_provider_get(void) {
  static oft_provider broken;
  broken = *correct_provider_get();
  broken.rule_construct = construct;
  return &broken;
}

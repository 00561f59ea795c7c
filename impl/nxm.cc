// A match taken off the front of what follows a message's fixed part.
#include "impl/nxm.h"

#include "impl/wire.h"

namespace oftwin::impl {

Error pull_nxm(ByteView* rest, std::size_t match_len, PackedMatch* out) {
  if (nxm_padded(match_len) > rest->size()) return kBadLen;
  const ByteView entries = rest->first(match_len);
  *rest = rest->subspan(nxm_padded(match_len));
  return decode_nxm(entries, out);
}

}  // namespace oftwin::impl

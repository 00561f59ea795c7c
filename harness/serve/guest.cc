#include "harness/serve/guest.h"

#include "spec/openflow.h"

namespace oftwin::harness {

namespace {

constexpr std::size_t kAtOnce = 64 * 1024;  // bytes, unless a single message is longer

}  // namespace

ByteView Guest::next_messages() const {
  const ByteView all = channel->received();
  std::size_t end = 0;
  for (std::size_t n = 0; n < batch && all.size() - end >= wire::header::size; ++n) {
    const std::size_t length = std::size_t{all[end + 2]} << 8 | all[end + 3];
    if (length < wire::header::size || all[end] != OFP_VERSION) {
      end += wire::header::size;
      break;
    }
    if (all.size() - end < length || (end > 0 && end + length > kAtOnce)) break;
    end += length;
  }
  return all.first(end);
}

}  // namespace oftwin::harness

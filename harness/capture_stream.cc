#include "harness/capture_stream.h"

#include <fmt/format.h>

namespace oftwin::harness {

void CapturedStream::append(const TcpSegment& s, std::size_t packet, Bytes& in_order) {
  if (unusable_) return;
  if (!s.defect.empty() && s.whole_size == 0) {
    unusable_ = StreamCut{packet, s.defect};
    return;
  }
  const std::uint32_t first = s.sequence + (s.syn ? 1 : 0);
  if (!started_) {
    started_ = true;
    from_syn_ = s.syn;
    next_ = first;
  }
  if (s.rst) return;
  const auto ahead = static_cast<std::int32_t>(first - next_);
  const std::int64_t end = static_cast<std::int64_t>(position_) + ahead + static_cast<std::int64_t>(s.whole_size);
  if (!s.defect.empty() && end > static_cast<std::int64_t>(position_)) {
    parts_.push_back({static_cast<std::uint64_t>(end), {packet, s.defect}});
  }
  if (s.payload.empty()) return;
  if (ahead > 0) {
    Early& kept = early_.try_emplace(position_ + static_cast<std::uint32_t>(ahead), Early{{}, packet}).first->second;
    if (kept.bytes.size() < s.payload.size()) kept.bytes.assign(s.payload.begin(), s.payload.end());
    return;
  }
  accept(s.payload, static_cast<std::size_t>(-std::int64_t{ahead}), in_order);
  while (!early_.empty() && early_.begin()->first <= position_) {
    auto node = early_.extract(early_.begin());
    accept(node.mapped().bytes, position_ - node.key(), in_order);
  }
}

void CapturedStream::accept(ByteView bytes, std::size_t known, Bytes& in_order) {
  if (known >= bytes.size()) return;  // sent again
  bytes = bytes.subspan(known);
  in_order.insert(in_order.end(), bytes.begin(), bytes.end());
  position_ += bytes.size();
  next_ += static_cast<std::uint32_t>(bytes.size());
}

std::optional<StreamCut> CapturedStream::cut() const {
  for (const Part& part : parts_) {
    if (part.end > position_) return part.cut;
  }
  if (!early_.empty()) {
    return StreamCut{early_.begin()->second.packet,
                     fmt::format("{} bytes before this are not in the capture", early_.begin()->first - position_)};
  }
  return unusable_;
}

}  // namespace oftwin::harness

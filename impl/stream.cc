// Framing by the length field; what a stream is stands in stream.h.
#include "impl/stream.h"

#include "impl/wire.h"

namespace oftwin::impl {

void Stream::append(ByteView bytes) {
  if (head_ > 0 && data_.size() + bytes.size() > data_.capacity()) {
    data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  data_.insert(data_.end(), bytes.begin(), bytes.end());
}

void Stream::clear() {
  data_.clear();
  head_ = 0;
}

Stream::Head Stream::head() const {
  if (available() < wire::header::size) return Head::incomplete;
  const std::uint8_t* p = data_.data() + head_;
  const std::size_t length = get<wire::header::length>(p);
  if (length < wire::header::size || get<wire::header::version>(p) != OFP_VERSION) return Head::broken;
  return available() >= length ? Head::message : Head::incomplete;
}

ByteView Stream::message() const {
  const std::uint8_t* p = data_.data() + head_;
  return {p, get<wire::header::length>(p)};
}

void Stream::pop() {
  head_ += message().size();
  if (head_ == data_.size()) clear();
}

}  // namespace oftwin::impl

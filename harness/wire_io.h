// Big-endian reading and writing for the harness's own view of messages (neither the model's nor the switch's).
//
// A Reader never reads past its end: what is not there reads as zero, and ok() tells.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "spec/bytes.h"

namespace oftwin::harness {

template <class T>
void put(Bytes& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
inline void put_bytes(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline void put_zeros(Bytes& out, std::size_t n) { out.insert(out.end(), n, 0); }

// Overwrites two bytes that are there.
inline void set_u16(Bytes& out, std::size_t offset, std::size_t value) {
  out[offset] = static_cast<std::uint8_t>(value >> 8);
  out[offset + 1] = static_cast<std::uint8_t>(value);
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  template <class T>
  T get() {
    std::uint64_t value = 0;
    for (std::uint8_t b : take(sizeof(T))) value = value << 8 | b;
    return static_cast<T>(value);
  }
  ByteView take(std::size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    ByteView out = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return out;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    ByteView view = take(N);
    std::copy(view.begin(), view.end(), out.begin());
    return out;
  }
  ByteView rest() { return take(bytes_.size()); }
  std::size_t left() const { return bytes_.size(); }
  bool ok() const { return ok_; }

 private:
  ByteView bytes_;
  bool ok_ = true;
};

}  // namespace oftwin::harness

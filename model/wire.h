// Big-endian fields of wire layouts, read and written by their place in the tables of spec/openflow.h.
// Invariant: the caller has made sure that the structure is there whole.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec/bytes.h"
#include "spec/openflow.h"

namespace oftwin::model {

// T is the type that the value has in the model; a field is at most 8 bytes.
template <class T = std::uint32_t>
T get(ByteView bytes, wire::Field field, std::size_t base = 0) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size; ++i) value = value << 8 | bytes[base + field.offset + i];
  return static_cast<T>(value);
}

inline void put(Bytes& bytes, wire::Field field, std::uint64_t value, std::size_t base = 0) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) {
    bytes[base + field.offset + i] = static_cast<std::uint8_t>(value);
  }
}

}  // namespace oftwin::model

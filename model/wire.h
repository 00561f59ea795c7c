// Big-endian fields of wire layouts, read and written by their place in the tables of spec/openflow.h.
// A string is anything of bytes, a solver's bytes included. Invariant: the caller has made sure that the structure is
// there whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "spec/bytes.h"
#include "spec/openflow.h"
#include "spec/word.h"

namespace oftwin::model {

inline Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

template <class String>
using ByteOf = std::remove_cvref_t<decltype(std::declval<String&>()[0])>;

// size: at most 8
template <class String>
auto number(const String& bytes, std::size_t at, std::size_t size) {
  like<ByteOf<String>, std::uint64_t> value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + i];
  return value;
}

// A field whose place is known only at run time. T is the type that the value has in the model.
template <class T = std::uint32_t, class String>
like<ByteOf<String>, T> get(const String& bytes, wire::Field field, std::size_t at = 0) {
  return static_cast<like<ByteOf<String>, T>>(number(bytes, at + field.offset, field.size));
}

// get<wire::match::nw_src>(bytes, at): the field of a structure that starts at `at`, in a type of its size.
template <std::size_t Size>
using Number = std::conditional_t<
    Size == 1, std::uint8_t,
    std::conditional_t<Size == 2, std::uint16_t, std::conditional_t<Size <= 4, std::uint32_t, std::uint64_t>>>;
template <wire::Field F, class String>
like<ByteOf<String>, Number<F.size>> get(const String& bytes, std::size_t at = 0) {
  return static_cast<like<ByteOf<String>, Number<F.size>>>(number(bytes, at + F.offset, F.size));
}

template <class String>
void put(String& bytes, wire::Field field, like<ByteOf<String>, std::uint64_t> value, std::size_t at = 0) {
  for (std::size_t i = field.size; i-- > 0; value >>= 8) {
    bytes[at + field.offset + i] = static_cast<ByteOf<String>>(value);
  }
}

struct FieldValue {
  wire::Field field;
  std::uint64_t value;
};
inline void put(Bytes& bytes, std::initializer_list<FieldValue> fields, std::size_t at = 0) {
  for (const FieldValue& f : fields) put(bytes, f.field, f.value, at);
}

}  // namespace oftwin::model

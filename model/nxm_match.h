// The form of an extended match, both ways, by the table of spec/nxm.h; templates over the byte, as wire_match.h is.
// Invariant: a field is looked at only when what it needs has been matched.
#pragma once

#include <array>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "model/match.h"
#include "model/turn.h"
#include "model/wire.h"
#include "spec/error.h"
#include "spec/nxm.h"

namespace oftwin::model {

inline constexpr std::size_t kHeader = 4;  // bytes of an entry's header

template <class Byte>
using Truth = decltype(Byte{} == Byte{});

// Calls `use` with the part of the match that the field is about.
template <class Byte, class M, class Use>
auto with_part(M& match, const NxmFieldOf<Byte>& field, Use use) {
  const auto call = [&](auto part) {
    if constexpr (std::is_same_v<decltype(part), NxmRegisters<Byte>>)
      return use((match.*part.match)[field.type - NXM_NX_REG0]);
    else
      return use(match.*part.match);
  };
  return std::visit(call, field.part);
}

template <class W, class Byte>
W word(std::span<const Byte> bytes) {
  if constexpr (std::is_same_v<W, std::array<Byte, 16>>) {
    W address;
    std::ranges::copy(bytes, address.begin());
    return address;
  } else {
    return static_cast<W>(number(bytes, 0, bytes.size()));
  }
}

// What a part's mask is when the field is matched without a mask.
template <class W, class Byte>
W exact(const NxmFieldOf<Byte>& field) {
  if constexpr (std::is_same_v<W, std::array<Byte, 16>>) {
    W all;
    all.fill(0xff);
    return all;
  } else {
    return field.size == 6 ? static_cast<W>(0xffffffffffff) : static_cast<W>(~W{});
  }
}

template <class W>
auto same(const W& a, const W& b) {
  return a == b;
}
template <class Byte>
auto same(const std::array<Byte, 16>& a, const std::array<Byte, 16>& b) {
  Truth<Byte> all{true};
  for (std::size_t i = 0; i < 16; ++i) all = all && a[i] == b[i];
  return all;
}

template <class Byte>
Truth<Byte> met(const NxmNeeds& needs, const MatchOf<Byte>& m) {
  const auto one_of = [](const auto& value, unsigned a, unsigned b) -> Truth<Byte> {
    return a == 0 ? Truth<Byte>(true) : value == a || value == (b != 0 ? b : a);
  };
  return one_of(m.dl_type.value, needs.ethernet, needs.or_ethernet) && one_of(m.nw_proto.value, needs.protocol, 0) &&
         one_of(m.tp_src.value, needs.icmp, needs.or_icmp);
}

template <class Byte>
Truth<Byte> allowed(NxmMasks masks, std::span<const Byte> mask) {
  if (masks == NxmMasks::any) return Truth<Byte>(true);
  Truth<Byte> rest_zero{true}, rest_ones{true}, ended{false}, hole{false};
  for (const Byte& byte : mask.subspan(1)) {
    rest_zero = rest_zero && byte == 0;
    rest_ones = rest_ones && byte == 0xff;
  }
  if (masks == NxmMasks::ethernet) return (mask[0] <= 0x01 && rest_zero) || (mask[0] >= 0xfe && rest_ones);
  for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
    const Truth<Byte> one = (mask[bit / 8] >> (7 - bit % 8) & 1) != 0;
    hole = hole || (one && ended);
    ended = ended || !one;
  }
  return !hole;
}

constexpr Error bad_nxm(std::uint16_t code) { return nicira_error(OFPET_BAD_REQUEST, code); }

// mask: empty if there is none.
template <class Byte>
Error take_entry(MatchOf<Byte>& match, const NxmFieldOf<Byte>& field, std::span<const Byte> value,
                 std::span<const Byte> mask) {
  if (!met(field.needs, match)) return bad_nxm(NXBRC_NXM_BAD_PREREQ);
  const auto free = with_part(match, field, []<class W>(const Masked<W>& part) { return same(part.mask, W{}); });
  if (!free) return bad_nxm(NXBRC_NXM_DUP_TYPE);
  if ((number(value, 0, value.size()) & field.zero_bits) != 0) return bad_nxm(NXBRC_NXM_BAD_VALUE);
  if (!mask.empty() && !allowed(field.masks, mask)) return bad_nxm(NXBRC_NXM_BAD_MASK);
  with_part(match, field,
            [&]<class W>(Masked<W>& part) { part = {word<W>(value), mask.empty() ? exact<W>(field) : word<W>(mask)}; });
  return {};
}

template <class Byte = std::uint8_t>
const NxmFieldOf<Byte>* find_field(std::uint64_t type, bool masked, std::size_t length) {
  const auto* field = find(nxm::Table<Byte>::fields, type, &NxmFieldOf<Byte>::type);
  if (!field || length != field->size * (masked ? 2 : 1) || (masked && field->masks == NxmMasks::none)) return nullptr;
  return field;
}

template <class Byte, class W>
void append(std::vector<Byte>& out, const W& value, std::size_t size) {
  out.resize(out.size() + size);
  if constexpr (std::is_same_v<W, std::array<Byte, 16>>)
    std::ranges::copy(value, out.end() - 16);
  else
    put(out, {out.size() - size, size}, value);
}

template <class Byte, class W>
void append_entry(std::vector<Byte>& out, const NxmFieldOf<Byte>& field, const Masked<W>& part) {
  if (same(part.mask, W{})) return;
  const bool masked = field.masks != NxmMasks::none && !same(part.mask, exact<W>(field));
  append(out, std::uint64_t{field.type} << 9 | std::uint64_t{masked} << 8 | field.size * (masked ? 2 : 1), kHeader);
  append(out, part.value, field.size);
  out.back() = static_cast<Byte>(out.back() & ~field.zero_bits);
  if (masked) append(out, part.mask, field.size);
}

template <class Byte>
std::variant<MatchOf<Byte>, Error> read_nxm(std::span<const Byte> entries, std::uint8_t tos_bits) {
  MatchOf<Byte> match;
  while (entries.size() >= kHeader) {
    const std::uint64_t header = known(number(entries, 0, kHeader));
    const std::size_t length = header & 0xff;
    if (length == 0 || length > entries.size() - kHeader) break;
    const auto* field = find_field<Byte>(header >> 9, header & 0x100, length);
    if (!field) return bad_nxm(NXBRC_NXM_BAD_TYPE);
    const auto payload = entries.subspan(kHeader, length);
    if (const Error e = take_entry(match, *field, payload.first(field->size), payload.subspan(field->size))) return e;
    match = canonical(match);
    entries = entries.subspan(kHeader + length);
  }
  if (!entries.empty()) return bad_nxm(NXBRC_NXM_INVALID);
  match.nw_tos.mask = static_cast<Byte>(match.nw_tos.mask & tos_bits);
  return match;
}

template <class Byte>
std::vector<Byte> write_nxm(const MatchOf<Byte>& match) {
  std::vector<Byte> out;
  for (const auto& field : nxm::Table<Byte>::fields) {
    if (!met(field.needs, match)) continue;
    with_part(match, field, [&](const auto& part) { append_entry(out, field, part); });
  }
  return out;
}

}  // namespace oftwin::model

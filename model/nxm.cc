// Extended matches (NXM). Invariant: a field is looked at only when what it needs has been matched.
#include "model/nxm.h"

#include <algorithm>
#include <type_traits>

#include "model/encode.h"
#include "model/match.h"
#include "model/wire.h"
#include "model/wire_match.h"
#include "spec/nxm.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

constexpr std::size_t kHeader = 4;  // bytes of an entry's header

// Calls `use` with the part of the match that the field is about.
template <class M, class Use>
auto with_part(M& match, const NxmField& field, Use use) {
  const auto call = [&](auto part) {
    if constexpr (std::is_same_v<decltype(part), NxmRegisters>)
      return use((match.*part.match)[field.type - NXM_NX_REG0]);
    else
      return use(match.*part.match);
  };
  return std::visit(call, field.part);
}

template <class W>
W word(ByteView bytes) {
  if constexpr (std::is_same_v<W, Ipv6>) {
    Ipv6 address;
    std::ranges::copy(bytes, address.begin());
    return address;
  } else {
    return static_cast<W>(number(bytes, 0, bytes.size()));
  }
}

// What a part's mask is when the field is matched without a mask.
template <class W>
W exact(const NxmField& field) {
  if constexpr (std::is_same_v<W, Ipv6>) {
    Ipv6 all;
    all.fill(0xff);
    return all;
  } else {
    return field.size == 6 ? static_cast<W>(0xffffffffffff) : static_cast<W>(~W{});
  }
}

bool met(const NxmNeeds& needs, const Match& m) {
  const auto one_of = [](auto value, auto a, auto b) { return a == 0 || value == a || (b != 0 && value == b); };
  return one_of(m.dl_type.value, needs.ethernet, needs.or_ethernet) &&
         one_of(m.nw_proto.value, needs.protocol, decltype(needs.protocol){}) &&
         one_of(m.tp_src.value, needs.icmp, needs.or_icmp);
}

bool allowed(NxmMasks masks, ByteView mask) {
  const bool rest_zero = std::ranges::all_of(mask.subspan(1), [](std::uint8_t b) { return b == 0; });
  const bool rest_ones = std::ranges::all_of(mask.subspan(1), [](std::uint8_t b) { return b == 0xff; });
  if (masks == NxmMasks::ethernet) return (mask[0] <= 0x01 && rest_zero) || (mask[0] >= 0xfe && rest_ones);
  if (masks == NxmMasks::any) return true;
  bool ended = false;
  for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
    const bool one = mask[bit / 8] >> (7 - bit % 8) & 1;
    if (one && ended) return false;
    ended = !one;
  }
  return true;
}

Error bad(std::uint16_t code) { return nicira_error(OFPET_BAD_REQUEST, code); }

// mask: empty if there is none.
Error take_entry(Match& match, const NxmField& field, ByteView value, ByteView mask) {
  if (!met(field.needs, match)) return bad(NXBRC_NXM_BAD_PREREQ);
  const bool matched = with_part(match, field, [](const auto& part) { return part.mask != decltype(part.mask){}; });
  if (matched) return bad(NXBRC_NXM_DUP_TYPE);
  if (number(value, 0, value.size()) & field.zero_bits) return bad(NXBRC_NXM_BAD_VALUE);
  if (!mask.empty() && !allowed(field.masks, mask)) return bad(NXBRC_NXM_BAD_MASK);
  with_part(match, field,
            [&]<class W>(Masked<W>& part) { part = {word<W>(value), mask.empty() ? exact<W>(field) : word<W>(mask)}; });
  return {};
}

const NxmField* find_field(std::uint64_t type, bool masked, std::size_t length) {
  const NxmField* field = find(nxm::fields, type, &NxmField::type);
  if (!field || length != field->size * (masked ? 2 : 1) || (masked && field->masks == NxmMasks::none)) return nullptr;
  return field;
}

void append(Bytes& out, std::uint64_t value, std::size_t size) {
  out.resize(out.size() + size);
  put(out, {out.size() - size, size}, value);
}
void append(Bytes& out, const Ipv6& value, std::size_t) { out.insert(out.end(), value.begin(), value.end()); }

template <class W>
void append_entry(Bytes& out, const NxmField& field, const Masked<W>& part) {
  if (part.mask == W{}) return;
  const bool masked = field.masks != NxmMasks::none && part.mask != exact<W>(field);
  append(out, std::uint64_t{field.type} << 9 | std::uint64_t{masked} << 8 | field.size * (masked ? 2 : 1), kHeader);
  append(out, part.value, field.size);
  out.back() &= static_cast<std::uint8_t>(~field.zero_bits);
  if (masked) append(out, part.mask, field.size);
}

}  // namespace

std::variant<Match, Error> decode_nxm(ByteView entries, std::uint8_t tos_bits) {
  Match match;
  while (entries.size() >= kHeader) {
    const auto header = number(entries, 0, kHeader);
    const std::size_t length = header & 0xff;
    if (length == 0 || length > entries.size() - kHeader) break;
    const bool masked = header & 0x100;
    const NxmField* field = find_field(header >> 9, masked, length);
    if (!field) return bad(NXBRC_NXM_BAD_TYPE);
    const ByteView payload = entries.subspan(kHeader, length);
    if (const Error e = take_entry(match, *field, payload.first(field->size), payload.subspan(field->size))) return e;
    match = canonical(match);
    entries = entries.subspan(kHeader + length);
  }
  if (!entries.empty()) return bad(NXBRC_NXM_INVALID);
  match.nw_tos.mask &= tos_bits;
  return match;
}

Bytes encode_nxm(const Match& match) {
  Bytes out;
  for (const NxmField& field : nxm::fields) {
    if (!met(field.needs, match)) continue;
    with_part(match, field, [&](const auto& part) { append_entry(out, field, part); });
  }
  return out;
}

std::size_t field_size(std::uint32_t header, Layers layers) {
  const NxmField* field = find_field(header >> 9, header & 0x100, header & 0xff);
  Match known;
  known.dl_type.value = layers.dl_type;
  known.nw_proto.value = layers.nw_proto;
  const NxmNeeds needs = field ? field->needs : NxmNeeds{};
  const bool there = field && !(header & 0x100) && met({needs.ethernet, needs.or_ethernet, needs.protocol}, known);
  return there ? field->size : 0;
}

void hit_nxm_error(Turn& turn, Error error) {
  if (error.space == ErrorSpace::openflow) return turn.hit("NXM-8");
  turn.hit("NXM-1");
  if (error.code == NXBRC_NXM_INVALID) turn.hit("NXM-2");
  if (error.code == NXBRC_NXM_BAD_TYPE) turn.hit("NXM-3");
  if (error.code == NXBRC_NXM_BAD_PREREQ) turn.hit("NXM-4");
  if (error.code == NXBRC_NXM_DUP_TYPE) turn.hit("NXM-5");
  if (error.code == NXBRC_NXM_BAD_VALUE) turn.hit("NXM-6");
  if (error.code == NXBRC_NXM_BAD_MASK) turn.hit("NXM-7");
}

void hit_match_form(Turn& turn, const Match& match, bool extended) {
  if (extended) {
    turn.hit("NXM-9");
    if (decode_nxm(encode_nxm(match), turn.tos_bits()) != std::variant<Match, Error>(match)) turn.hit("NXM-10");
    return;
  }
  Bytes plain(wire::match::size);
  encode_match(plain, 0, match);
  if (decode_match(plain, 0, turn.tos_bits()) != match) turn.hit("NXM-11");
}

}  // namespace oftwin::model

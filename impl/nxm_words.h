// The table of NXM's fields, and the two walks over it: the bodies of nxm.h's templates. Included by it alone.
#pragma once

#include <algorithm>
#include <array>

#include "impl/nxm.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace nxm {

constexpr Error bad(NxBadRequestCode code) { return nicira_error(OFPET_BAD_REQUEST, code); }

enum class Masks : std::uint8_t { none, any, prefix, multicast };

// What must have been matched before, so that the field exists in the packet.
enum class Layer : std::uint8_t {
  any,
  ip4,
  ip,
  arp,
  ip6,
  tcp,
  udp,
  icmp,
  icmp6,
  neighbour,
  solicitation,
  advertisement
};

struct Field {
  std::uint32_t type;  // vendor and field
  std::uint8_t size;   // of a value, in bytes
  std::uint8_t word, shift;
  std::uint64_t full;  // the field's bits in the word, before the shift; 16-byte fields fill two whole words
  Masks masks;
  Layer layer;
};

inline constexpr std::uint64_t kMac = 0xffff'ffff'ffff, kAll = ~std::uint64_t{0};
inline constexpr std::uint64_t kMulticastBit = 0x0100'0000'0000;

// In the order in which entries are written.
inline constexpr Field kFields[] = {
    {NXM_OF_IN_PORT, 2, 0, 48, 0xffff, Masks::none, Layer::any},
    {NXM_OF_ETH_DST, 6, 1, 0, kMac, Masks::multicast, Layer::any},
    {NXM_OF_ETH_SRC, 6, 0, 0, kMac, Masks::none, Layer::any},
    {NXM_OF_ETH_TYPE, 2, 1, 48, 0xffff, Masks::none, Layer::any},
    {NXM_OF_VLAN_TCI, 2, 3, 48, 0xffff, Masks::any, Layer::any},
    {NXM_OF_IP_TOS, 1, 3, 8, 0xfc, Masks::none, Layer::ip},
    {NXM_OF_IP_SRC, 4, 2, 32, 0xffff'ffff, Masks::prefix, Layer::ip4},
    {NXM_OF_IP_DST, 4, 2, 0, 0xffff'ffff, Masks::prefix, Layer::ip4},
    {NXM_NX_IPV6_SRC, 16, 9, 0, kAll, Masks::prefix, Layer::ip6},
    {NXM_NX_IPV6_DST, 16, 11, 0, kAll, Masks::prefix, Layer::ip6},
    {NXM_OF_IP_PROTO, 1, 3, 0, 0xff, Masks::none, Layer::ip},
    {NXM_OF_TCP_SRC, 2, 3, 32, 0xffff, Masks::none, Layer::tcp},
    {NXM_OF_TCP_DST, 2, 3, 16, 0xffff, Masks::none, Layer::tcp},
    {NXM_OF_UDP_SRC, 2, 3, 32, 0xffff, Masks::none, Layer::udp},
    {NXM_OF_UDP_DST, 2, 3, 16, 0xffff, Masks::none, Layer::udp},
    {NXM_OF_ICMP_TYPE, 1, 3, 32, 0xffff, Masks::none, Layer::icmp},
    {NXM_OF_ICMP_CODE, 1, 3, 16, 0xffff, Masks::none, Layer::icmp},
    {NXM_NX_ICMPV6_TYPE, 1, 3, 32, 0xffff, Masks::none, Layer::icmp6},
    {NXM_NX_ND_TARGET, 16, 13, 0, kAll, Masks::none, Layer::neighbour},
    {NXM_NX_ND_SLL, 6, 7, 0, kMac, Masks::none, Layer::solicitation},
    {NXM_NX_ND_TLL, 6, 8, 0, kMac, Masks::none, Layer::advertisement},
    {NXM_NX_ICMPV6_CODE, 1, 3, 16, 0xffff, Masks::none, Layer::icmp6},
    {NXM_OF_ARP_OP, 2, 3, 0, 0xff, Masks::none, Layer::arp},
    {NXM_OF_ARP_SPA, 4, 2, 32, 0xffff'ffff, Masks::prefix, Layer::arp},
    {NXM_OF_ARP_TPA, 4, 2, 0, 0xffff'ffff, Masks::prefix, Layer::arp},
    {NXM_NX_ARP_SHA, 6, 7, 0, kMac, Masks::none, Layer::arp},
    {NXM_NX_ARP_THA, 6, 8, 0, kMac, Masks::none, Layer::arp},
    {NXM_NX_TUN_ID, 8, 4, 0, kAll, Masks::any, Layer::any},
    {NXM_NX_REG0, 4, 5, 32, 0xffff'ffff, Masks::any, Layer::any},
    {NXM_NX_REG0 + 1, 4, 5, 0, 0xffff'ffff, Masks::any, Layer::any},
    {NXM_NX_REG0 + 2, 4, 6, 32, 0xffff'ffff, Masks::any, Layer::any},
    {NXM_NX_REG0 + 3, 4, 6, 0, 0xffff'ffff, Masks::any, Layer::any},
};

inline constexpr std::size_t kHeaderSize = 4;
constexpr bool wide(const Field& f) { return f.size == 16; }

// vendor and field:23, has_mask:1, length of what follows:8
constexpr std::uint32_t type_of(std::uint32_t header) { return header >> 9; }
constexpr bool has_mask(std::uint32_t header) { return (header & 0x100) != 0; }
constexpr std::uint32_t length_of(std::uint32_t header) { return header & 0xff; }
constexpr std::uint32_t header_of(const Field& f, bool masked) {
  return f.type << 9 | (masked ? 0x100U | f.size * 2U : f.size);
}

// By type: both vendors number their fields from 0.
inline constexpr std::size_t kTypes = NXM_NX_ND_TLL + 1, kNoField = std::size(kFields);
inline constexpr auto kByType = [] {
  std::array<std::size_t, kTypes> index{};
  index.fill(kNoField);
  for (std::size_t i = 0; i < std::size(kFields); ++i) index[kFields[i].type] = i;
  return index;
}();

// The field of exactly this header, its length and mask bit included.
inline const Field* find_field(std::uint32_t header) {
  const std::uint32_t type = type_of(header);
  if (type >= kTypes || kByType[type] == kNoField) return nullptr;
  const Field& f = kFields[kByType[type]];
  if (has_mask(header) && f.masks == Masks::none) return nullptr;
  return header == header_of(f, has_mask(header)) ? &f : nullptr;
}

// A match tells a field's layer by values alone: what is not matched is 0, which none of these is.
template <class W>
auto has_layer(Layer layer, const WordsOf<W>& value) -> decltype(value[0] == 0) {
  const auto type = static_cast<like<W, std::uint16_t>>(value[1] >> 48);
  const auto proto = static_cast<like<W, std::uint8_t>>(value[3]);
  const auto icmp_type = static_cast<like<W, std::uint16_t>>(value[3] >> 32);
  const auto ip4 = type == 0x0800, ip6 = type == 0x86dd, icmp6 = ip6 && proto == 58;
  const auto solicitation = icmp6 && icmp_type == 135, advertisement = icmp6 && icmp_type == 136;
  switch (layer) {
    case Layer::any:
      return true;
    case Layer::ip4:
      return ip4;
    case Layer::ip:
      return ip4 || ip6;
    case Layer::arp:
      return type == 0x0806;
    case Layer::ip6:
      return ip6;
    case Layer::tcp:
      return (ip4 || ip6) && proto == 6;
    case Layer::udp:
      return (ip4 || ip6) && proto == 17;
    case Layer::icmp:
      return ip4 && proto == 1;
    case Layer::icmp6:
      return icmp6;
    case Layer::neighbour:
      return solicitation || advertisement;
    case Layer::solicitation:
      return solicitation;
    case Layer::advertisement:
      return advertisement;
  }
  return false;
}

// A field's content, aligned to bit 0; `high` is used by 16-byte fields only.
template <class W>
struct Value {
  W high{}, low{};
  auto operator==(const Value& o) const { return high == o.high && low == o.low; }
  auto zero() const { return (high | low) == 0; }
};
template <class W>
Value<W> operator&(const Value<W>& a, const Value<W>& b) {
  return {a.high & b.high, a.low & b.low};
}
template <class W>
Value<W> operator~(const Value<W>& a) {
  return {~a.high, ~a.low};
}

template <class W>
Value<W> full(const Field& f) {
  return {wide(f) ? kAll : 0, f.full};
}

template <class B>
Value<like<B, std::uint64_t>> load(const B* p, const Field& f) {
  if (wide(f)) return {load64(p), load64(p + 8)};
  like<B, std::uint64_t> v = 0;
  for (std::size_t i = 0; i < f.size; ++i) v = v << 8 | p[i];
  return {0, v};
}
template <class B, class W>
B* store(B* p, const Field& f, Value<W> v) {
  for (std::size_t i = f.size; i-- > 0;) {
    p[i] = static_cast<B>(v.low);
    v.low = v.low >> 8 | v.high << 56;
    v.high >>= 8;
  }
  return p + f.size;
}

template <class W>
Value<W> read(const WordsOf<W>& w, const Field& f) {
  if (wide(f)) return {w[f.word], w[f.word + 1U]};
  return {0, w[f.word] >> f.shift & f.full};
}
template <class W>
void write(WordsOf<W>& w, const Field& f, const Value<W>& v) {
  if (wide(f)) {
    w[f.word] = v.high;
    w[f.word + 1U] = v.low;
  } else {
    w[f.word] |= v.low << f.shift;
  }
}

template <class W>
auto is_prefix(const W& mask) {
  return (~mask & (~mask + 1)) == 0;
}

template <class W>
auto allowed(const Field& f, const Value<W>& mask) -> decltype(mask.zero()) {
  switch (f.masks) {
    case Masks::none:
      return mask == full<W>(f);
    case Masks::any:
      return true;
    case Masks::prefix:
      if (!wide(f)) return is_prefix(mask.low | ~f.full);
      return (mask.high == kAll && is_prefix(mask.low)) || (mask.low == 0 && is_prefix(mask.high));
    case Masks::multicast:
      return mask.low == 0 || mask.low == kMulticastBit || mask.low == (kMac & ~kMulticastBit) || mask.low == kMac;
  }
  return false;
}

template <class B, class W>
Error decode_entry(std::uint32_t header, const B* p, PackedMatchOf<W>& m) {
  const Field* f = find_field(header);
  if (f == nullptr) return bad(NXBRC_NXM_BAD_TYPE);
  if (!has_layer(f->layer, m.value)) return bad(NXBRC_NXM_BAD_PREREQ);
  if (!read(m.mask, *f).zero()) return bad(NXBRC_NXM_DUP_TYPE);
  const Value<W> value = load(p, *f);
  if (!(value & ~full<W>(*f)).zero()) return bad(NXBRC_NXM_BAD_VALUE);
  const Value<W> mask = has_mask(header) ? load(p + f->size, *f) : full<W>(*f);
  if (!allowed(*f, mask)) return bad(NXBRC_NXM_BAD_MASK);
  write(m.mask, *f, mask);
  write(m.value, *f, value & mask);
  if (f->word >= kBasicWords && !mask.zero()) m.words = kAllWords;
  return {};
}

}  // namespace nxm

template <class B>
Error decode_nxm(std::span<const B> entries, PackedMatchOf<like<B, std::uint64_t>>* out) {
  using namespace nxm;
  *out = {};
  while (!entries.empty()) {
    if (entries.size() < kHeaderSize) return bad(NXBRC_NXM_INVALID);
    const std::uint32_t header = known(load32(entries.data()));
    const std::size_t length = length_of(header);
    if (length == 0 || length > entries.size() - kHeaderSize) return bad(NXBRC_NXM_INVALID);
    if (const Error error = decode_entry(header, entries.data() + kHeaderSize, *out)) return error;
    entries = entries.subspan(kHeaderSize + length);
  }
  return {};
}

template <class B>
std::size_t encode_nxm(const PackedMatchOf<like<B, std::uint64_t>>& m, B* p) {
  using namespace nxm;
  using W = like<B, std::uint64_t>;
  B* const start = p;
  for (const Field& f : kFields) {
    const Value<W> mask = read(m.mask, f);
    if (mask.zero() || !has_layer(f.layer, m.value)) continue;
    const bool exact = static_cast<bool>(mask == full<W>(f));
    store32(p, header_of(f, !exact));
    p = store(p + kHeaderSize, f, read(m.value, f));
    if (!exact) p = store(p, f, mask);
  }
  const auto length = static_cast<std::size_t>(p - start);
  std::fill_n(p, nxm_padded(length) - length, B{0});
  return length;
}

}  // namespace oftwin::impl

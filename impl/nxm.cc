// The table of NXM's fields, and the two walks over it.
#include "impl/nxm.h"

#include <algorithm>
#include <array>

#include "impl/wire.h"

namespace oftwin::impl {

namespace {

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

constexpr std::uint64_t kMac = 0xffff'ffff'ffff, kAll = ~std::uint64_t{0};
constexpr std::uint64_t kMulticastBit = 0x0100'0000'0000;

// In the order in which entries are written.
constexpr Field kFields[] = {
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

constexpr std::size_t kHeaderSize = 4;
constexpr bool wide(const Field& f) { return f.size == 16; }

// vendor and field:23, has_mask:1, length of what follows:8
constexpr std::uint32_t type_of(std::uint32_t header) { return header >> 9; }
constexpr bool has_mask(std::uint32_t header) { return (header & 0x100) != 0; }
constexpr std::uint32_t length_of(std::uint32_t header) { return header & 0xff; }
constexpr std::uint32_t header_of(const Field& f, bool masked) {
  return f.type << 9 | (masked ? 0x100U | f.size * 2U : f.size);
}

// By type: both vendors number their fields from 0.
constexpr std::size_t kTypes = NXM_NX_ND_TLL + 1, kNoField = std::size(kFields);
constexpr auto kByType = [] {
  std::array<std::size_t, kTypes> index{};
  index.fill(kNoField);
  for (std::size_t i = 0; i < std::size(kFields); ++i) index[kFields[i].type] = i;
  return index;
}();

// The field of exactly this header, its length and mask bit included.
const Field* find_field(std::uint32_t header) {
  const std::uint32_t type = type_of(header);
  if (type >= kTypes || kByType[type] == kNoField) return nullptr;
  const Field& f = kFields[kByType[type]];
  if (has_mask(header) && f.masks == Masks::none) return nullptr;
  return header == header_of(f, has_mask(header)) ? &f : nullptr;
}

// A match tells a field's layer by values alone: what is not matched is 0, which none of these is.
bool has_layer(Layer layer, const Words& value) {
  const auto type = static_cast<std::uint16_t>(value[1] >> 48);
  const auto proto = static_cast<std::uint8_t>(value[3]);
  const auto icmp_type = static_cast<std::uint16_t>(value[3] >> 32);
  const bool ip4 = type == 0x0800, ip6 = type == 0x86dd, icmp6 = ip6 && proto == 58;
  const bool solicitation = icmp6 && icmp_type == 135, advertisement = icmp6 && icmp_type == 136;
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
struct Value {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Value&) const = default;
  bool zero() const { return (high | low) == 0; }
};
Value operator&(Value a, Value b) { return {a.high & b.high, a.low & b.low}; }
Value operator~(Value a) { return {~a.high, ~a.low}; }

Value full(const Field& f) { return {wide(f) ? kAll : 0, f.full}; }

Value load(const std::uint8_t* p, const Field& f) {
  if (wide(f)) return {load64(p), load64(p + 8)};
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < f.size; ++i) v = v << 8 | p[i];
  return {0, v};
}
std::uint8_t* store(std::uint8_t* p, const Field& f, Value v) {
  for (std::size_t i = f.size; i-- > 0;) {
    p[i] = static_cast<std::uint8_t>(v.low);
    v.low = v.low >> 8 | v.high << 56;
    v.high >>= 8;
  }
  return p + f.size;
}

Value read(const Words& w, const Field& f) {
  if (wide(f)) return {w[f.word], w[f.word + 1U]};
  return {0, w[f.word] >> f.shift & f.full};
}
void write(Words& w, const Field& f, Value v) {
  if (wide(f)) {
    w[f.word] = v.high;
    w[f.word + 1U] = v.low;
  } else {
    w[f.word] |= v.low << f.shift;
  }
}

bool is_prefix(std::uint64_t mask) { return (~mask & (~mask + 1)) == 0; }

bool allowed(const Field& f, Value mask) {
  switch (f.masks) {
    case Masks::none:
      return mask == full(f);
    case Masks::any:
      return true;
    case Masks::prefix:
      if (!wide(f)) return is_prefix(mask.low | ~f.full);
      return mask.high == kAll ? is_prefix(mask.low) : mask.low == 0 && is_prefix(mask.high);
    case Masks::multicast:
      return mask.low == 0 || mask.low == kMulticastBit || mask.low == (kMac & ~kMulticastBit) || mask.low == kMac;
  }
  return false;
}

Error decode_entry(std::uint32_t header, const std::uint8_t* p, PackedMatch& m) {
  const Field* f = find_field(header);
  if (f == nullptr) return bad(NXBRC_NXM_BAD_TYPE);
  if (!has_layer(f->layer, m.value)) return bad(NXBRC_NXM_BAD_PREREQ);
  if (!read(m.mask, *f).zero()) return bad(NXBRC_NXM_DUP_TYPE);
  const Value value = load(p, *f);
  if (!(value & ~full(*f)).zero()) return bad(NXBRC_NXM_BAD_VALUE);
  const Value mask = has_mask(header) ? load(p + f->size, *f) : full(*f);
  if (!allowed(*f, mask)) return bad(NXBRC_NXM_BAD_MASK);
  write(m.mask, *f, mask);
  write(m.value, *f, value & mask);
  if (f->word >= kBasicWords && !mask.zero()) m.words = kAllWords;
  return {};
}

}  // namespace

Error decode_nxm(ByteView entries, PackedMatch* out) {
  *out = {};
  while (!entries.empty()) {
    if (entries.size() < kHeaderSize) return bad(NXBRC_NXM_INVALID);
    const std::uint32_t header = load32(entries.data());
    const std::size_t length = length_of(header);
    if (length == 0 || length > entries.size() - kHeaderSize) return bad(NXBRC_NXM_INVALID);
    if (const Error error = decode_entry(header, entries.data() + kHeaderSize, *out)) return error;
    entries = entries.subspan(kHeaderSize + length);
  }
  return {};
}

Error pull_nxm(ByteView* rest, std::size_t match_len, PackedMatch* out) {
  if (nxm_padded(match_len) > rest->size()) return kBadLen;
  const ByteView entries = rest->first(match_len);
  *rest = rest->subspan(nxm_padded(match_len));
  return decode_nxm(entries, out);
}

std::size_t encode_nxm(const PackedMatch& m, std::uint8_t* p) {
  std::uint8_t* const start = p;
  for (const Field& f : kFields) {
    const Value mask = read(m.mask, f);
    if (mask.zero() || !has_layer(f.layer, m.value)) continue;
    const bool exact = mask == full(f);
    store32(p, header_of(f, !exact));
    p = store(p + kHeaderSize, f, read(m.value, f));
    if (!exact) p = store(p, f, mask);
  }
  const auto length = static_cast<std::size_t>(p - start);
  std::fill_n(p, nxm_padded(length) - length, std::uint8_t{0});
  return length;
}

}  // namespace oftwin::impl

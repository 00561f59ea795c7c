#include "harness/simplify_match.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/message_parts.h"
#include "harness/simplify_value.h"

namespace oftwin::harness {
namespace {

constexpr std::uint32_t kSourceBits = OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT;
constexpr std::uint32_t kDestinationBits = OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT;

// The field that the wildcard bits stand for, if it is compared at all.
template <class Visit>
void visit_field(WireMatch& m, std::uint32_t bits, Visit visit) {
  if ((m.wildcards & bits) == bits) return;
  if (bits == OFPFW_IN_PORT) visit(m.in_port);
  if (bits == OFPFW_DL_VLAN) visit(m.dl_vlan);
  if (bits == OFPFW_DL_VLAN_PCP) visit(m.dl_vlan_pcp);
  if (bits == OFPFW_DL_SRC) visit(m.dl_src);
  if (bits == OFPFW_DL_DST) visit(m.dl_dst);
  if (bits == OFPFW_DL_TYPE) visit(m.dl_type);
  if (bits == OFPFW_NW_PROTO) visit(m.nw_proto);
  if (bits == OFPFW_NW_TOS) visit(m.nw_tos);
  if (bits == OFPFW_TP_SRC) visit(m.tp_src);
  if (bits == OFPFW_TP_DST) visit(m.tp_dst);
  if (bits == kSourceBits) visit(m.nw_src);
  if (bits == kDestinationBits) visit(m.nw_dst);
}

// Where an entry stands, and its parts: 4 bytes of header, the value and, if it has one, the mask.
struct Place {
  std::size_t at, size;
  bool masked;
  std::size_t value_size() const { return masked ? (size - 4) / 2 : size - 4; }
};

// More entries than there are fields.
constexpr std::size_t kMostFields = 64;

// Up to what can't be cut any more: that is the last place.
std::vector<Place> places_in(const Bytes& entries) {
  std::vector<Place> out;
  for (std::size_t at = 0; at < entries.size();) {
    const std::size_t left = entries.size() - at;
    const std::size_t size = left < 4 ? left : std::min<std::size_t>(left, 4 + entries[at + 3]);
    out.push_back({at, size, size >= 4 && (entries[at + 2] & 1) != 0});
    at += size;
  }
  return out;
}

std::uint32_t type_at(const Bytes& entries, const Place& p) {
  if (p.size < 4) return 0;
  return (std::uint32_t{entries[p.at]} << 16 | std::uint32_t{entries[p.at + 1]} << 8 | entries[p.at + 2]) >> 1;
}

Bytes without(const Bytes& entries, const Place& p) {
  Bytes out = entries;
  const auto begin = out.begin() + static_cast<std::ptrdiff_t>(p.at);
  out.erase(begin, begin + static_cast<std::ptrdiff_t>(p.size));
  return out;
}

Bytes without_mask(const Bytes& entries, const Place& p) {
  Bytes out = entries;
  out[p.at + 2] &= 0xfe;
  out[p.at + 3] = static_cast<std::uint8_t>(p.value_size());
  const auto end = out.begin() + static_cast<std::ptrdiff_t>(p.at + p.size);
  out.erase(end - static_cast<std::ptrdiff_t>(p.size - 4 - p.value_size()), end);
  return out;
}

std::uint64_t number_in(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t b : bytes) value = value << 8 | b;
  return value;
}

Mac mac_in(ByteView bytes) {
  Mac mac{};
  std::ranges::copy(bytes.first(mac.size()), mac.begin());
  return mac;
}

// An address: exact, or with as many low bits wildcarded as the mask has zeros at its end. False: another mask.
bool set_address(WireMatch& m, std::uint32_t& field, unsigned shift, ByteView value, ByteView mask) {
  const auto bits = mask.empty() ? 0xffffffffu : static_cast<std::uint32_t>(number_in(mask));
  const auto wild = static_cast<std::uint32_t>(std::countr_one(~bits));
  if (wild < 32 && bits >> wild != 0xffffffffu >> wild) return false;
  field = static_cast<std::uint32_t>(number_in(value));
  m.wildcards = (m.wildcards & ~(OFPFW_NW_BITS_MASK << shift)) | wild << shift;
  return true;
}

// The tag as it is: what OpenFlow 1.0 says with a VLAN and a priority.
void set_tci(WireMatch& m, std::uint64_t tci) {
  m.wildcards &= ~std::uint32_t{OFPFW_DL_VLAN};
  m.dl_vlan = static_cast<std::uint16_t>(tci & 0xfff);
  if ((tci & 0x1000) == 0) {
    m.dl_vlan = OFP_VLAN_NONE;
    return;
  }
  m.wildcards &= ~std::uint32_t{OFPFW_DL_VLAN_PCP};
  m.dl_vlan_pcp = static_cast<std::uint8_t>(tci >> 13);
}

template <class T>
bool set_number(WireMatch& m, T& field, std::uint32_t bit, ByteView value, ByteView mask) {
  if (!mask.empty()) return false;
  m.wildcards &= ~bit;
  field = static_cast<T>(number_in(value));
  return true;
}

// False: OpenFlow 1.0 has no such field, or no such mask.
bool set_entry(WireMatch& m, std::uint32_t type, ByteView value, ByteView mask) {
  switch (type) {
    case NXM_OF_IN_PORT:
      return set_number(m, m.in_port, OFPFW_IN_PORT, value, mask);
    case NXM_OF_ETH_DST:
      m.dl_dst = mac_in(value);
      m.wildcards &= ~std::uint32_t{OFPFW_DL_DST};
      return mask.empty();
    case NXM_OF_ETH_SRC:
      m.dl_src = mac_in(value);
      m.wildcards &= ~std::uint32_t{OFPFW_DL_SRC};
      return mask.empty();
    case NXM_OF_ETH_TYPE:
      return set_number(m, m.dl_type, OFPFW_DL_TYPE, value, mask);
    case NXM_OF_VLAN_TCI:
      set_tci(m, number_in(value));
      return mask.empty();
    case NXM_OF_IP_TOS:
      return set_number(m, m.nw_tos, OFPFW_NW_TOS, value, mask);
    case NXM_OF_IP_PROTO:
    case NXM_OF_ARP_OP:
      return set_number(m, m.nw_proto, OFPFW_NW_PROTO, value, mask);
    case NXM_OF_IP_SRC:
    case NXM_OF_ARP_SPA:
      return set_address(m, m.nw_src, OFPFW_NW_SRC_SHIFT, value, mask);
    case NXM_OF_IP_DST:
    case NXM_OF_ARP_TPA:
      return set_address(m, m.nw_dst, OFPFW_NW_DST_SHIFT, value, mask);
    case NXM_OF_TCP_SRC:
    case NXM_OF_UDP_SRC:
    case NXM_OF_ICMP_TYPE:
      return set_number(m, m.tp_src, OFPFW_TP_SRC, value, mask);
    case NXM_OF_TCP_DST:
    case NXM_OF_UDP_DST:
    case NXM_OF_ICMP_CODE:
      return set_number(m, m.tp_dst, OFPFW_TP_DST, value, mask);
    default:
      return false;
  }
}

}  // namespace

void drop_field(WireMatch& m, std::uint32_t bits) {
  m.wildcards |= bits;
  if (bits & OFPFW_IN_PORT) m.in_port = 0;
  if (bits & OFPFW_DL_VLAN) m.dl_vlan = 0;
  if (bits & OFPFW_DL_VLAN_PCP) m.dl_vlan_pcp = 0;
  if (bits & OFPFW_DL_SRC) m.dl_src = {};
  if (bits & OFPFW_DL_DST) m.dl_dst = {};
  if (bits & OFPFW_DL_TYPE) m.dl_type = 0;
  if (bits & OFPFW_NW_PROTO) m.nw_proto = 0;
  if (bits & OFPFW_NW_TOS) m.nw_tos = 0;
  if (bits & OFPFW_TP_SRC) m.tp_src = 0;
  if (bits & OFPFW_TP_DST) m.tp_dst = 0;
  if (bits & kSourceBits) m.nw_src = 0;
  if (bits & kDestinationBits) m.nw_dst = 0;
}

std::vector<WireMatch> simpler_matches(const WireMatch& match) {
  std::vector<WireMatch> out;
  const auto add = [&](const auto& change) {
    WireMatch m = match;
    change(m);
    if (m != match) out.push_back(m);
  };
  add([](WireMatch& m) { m = {}; });
  for (const std::uint32_t bits : kFieldWildcards) add([&](WireMatch& m) { drop_field(m, bits); });
  // Values below wildcards, and wildcard bits that mean nothing.
  add([](WireMatch& m) {
    for (const std::uint32_t bits : kFieldWildcards) {
      if ((m.wildcards & bits) == bits) drop_field(m, bits);
    }
    m.wildcards &= OFPFW_ALL;
  });
  for (const std::uint32_t bits : {kSourceBits, kDestinationBits}) {
    if ((match.wildcards & bits) != bits) add([&](WireMatch& m) { m.wildcards &= ~bits; });
  }
  for (const std::uint32_t bits : kFieldWildcards) {
    for (const std::uint8_t value : kPlainValues) {
      if (value == 0 && bits == OFPFW_IN_PORT) continue;  // that is no port
      add([&](WireMatch& m) {
        visit_field(m, bits, [&](auto& field) {
          if (plainer(field, value)) set_plain(field, value);
        });
      });
    }
  }
  return out;
}

std::vector<Bytes> simpler_entries(const Bytes& entries) {
  std::vector<Bytes> out;
  if (entries.empty()) return out;
  out.emplace_back();
  const std::vector<Place> places = places_in(entries);
  if (places.size() > 1) {
    for (const auto& [from, to] : runs_to_leave_out(places.size())) {
      Place run = places[from];
      run.size = places[to - 1].at + places[to - 1].size - run.at;
      out.push_back(without(entries, run));
    }
  }
  if (places.size() > kMostFields) return out;  // a crowd of nonsense first becomes smaller
  for (const Place& p : places) {
    if (p.masked && p.size == 4 + 2 * p.value_size()) out.push_back(without_mask(entries, p));
  }
  for (const Place& p : places) {
    if (p.size <= 4) continue;
    for (const std::uint8_t value : kPlainValues) {
      if (value == 0 && type_at(entries, p) == NXM_OF_IN_PORT) continue;
      Bytes plain = entries;
      const auto field = std::span(plain).subspan(p.at + 4, p.value_size());
      if (!plainer(field, value)) continue;
      set_plain(field, value);
      out.push_back(std::move(plain));
    }
  }
  return out;
}

std::vector<std::uint32_t> entry_types(const Bytes& entries) {
  std::vector<std::uint32_t> out;
  for (const Place& p : places_in(entries)) {
    if (p.size >= 4) out.push_back(type_at(entries, p));
  }
  return out;
}

Bytes without_entries(const Bytes& entries, std::uint32_t type) {
  Bytes out;
  for (const Place& p : places_in(entries)) {
    if (p.size >= 4 && type_at(entries, p) == type) continue;
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(p.at);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(p.size));
  }
  return out;
}

std::optional<WireMatch> in_openflow10(const Bytes& entries) {
  WireMatch m;
  std::size_t told = 0;
  for (const NxmEntry& e : cut_entries(entries)) {
    if (!e.field) return std::nullopt;
    const NxmField& field = nxm::fields[*e.field];
    const ByteView rest = e.bytes.subspan(4);
    if (!set_entry(m, field.type, rest.first(field.size), rest.subspan(field.size))) return std::nullopt;
    told += e.bytes.size();
  }
  return told == entries.size() ? std::optional(m) : std::nullopt;
}

}  // namespace oftwin::harness

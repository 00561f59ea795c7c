#include "harness/probe/cube.h"

#include <algorithm>

namespace oftwin::probe {
namespace {

constexpr Field narrow(std::string_view name, std::size_t word, unsigned shift, unsigned bits) {
  return {name, {{{word, shift, bits}, {0, 0, 0}}}, 1};
}
constexpr Field wide(std::string_view name, std::size_t high, std::size_t low) {
  return {name, {{{low, 0, 64}, {high, 0, 64}}}, 2};
}

constexpr std::array<Field, kFields> kTable = {{
    narrow("tun_id", 12, 0, 64),   narrow("reg0", 13, 0, 32),    narrow("reg1", 13, 32, 32),
    narrow("reg2", 14, 0, 32),     narrow("reg3", 14, 32, 32),   narrow("in_port", 0, 0, 16),
    narrow("dl_src", 1, 0, 48),    narrow("dl_dst", 2, 0, 48),   narrow("dl_type", 0, 16, 16),
    narrow("vlan_tci", 0, 32, 16), narrow("nw_src", 3, 0, 32),   narrow("nw_dst", 3, 32, 32),
    narrow("nw_tos", 0, 48, 8),    narrow("nw_proto", 0, 56, 8), narrow("tp_src", 1, 48, 16),
    narrow("tp_dst", 2, 48, 16),   narrow("arp_sha", 4, 0, 48),  narrow("arp_tha", 5, 0, 48),
    wide("ipv6_src", 6, 7),        wide("ipv6_dst", 8, 9),       wide("nd_target", 10, 11),
}};

void put(std::array<std::uint64_t, kWords>& words, std::size_t field, std::uint64_t value) {
  const FieldPart& part = kTable[field].parts[0];
  words[part.word] |= value << part.shift & part.mask();
}
void put(std::array<std::uint64_t, kWords>& words, std::size_t field, const Ipv6& value) {
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t& word = words[kTable[field].parts[1 - half].word];
    for (std::size_t i = 0; i < 8; ++i) word = word << 8 | value[half * 8 + i];
  }
}
template <class T>
void get(const std::array<std::uint64_t, kWords>& words, std::size_t field, T& value) {
  const FieldPart& part = kTable[field].parts[0];
  value = static_cast<T>((words[part.word] & part.mask()) >> part.shift);
}
void get(const std::array<std::uint64_t, kWords>& words, std::size_t field, Ipv6& value) {
  for (std::size_t i = 0; i < 16; ++i) {
    const std::uint64_t word = words[kTable[field].parts[i < 8 ? 1 : 0].word];
    value[i] = static_cast<std::uint8_t>(word >> (56 - i % 8 * 8));
  }
}

// The fields of a match or of a key, in the order of the table.
template <class M, class Use>
void each_field(M& m, Use use) {
  std::size_t i = 0;
  use(i++, m.tun_id);
  for (auto& r : m.reg) use(i++, r);
  use(i++, m.in_port);
  use(i++, m.dl_src);
  use(i++, m.dl_dst);
  use(i++, m.dl_type);
  use(i++, m.vlan_tci);
  use(i++, m.nw_src);
  use(i++, m.nw_dst);
  use(i++, m.nw_tos);
  use(i++, m.nw_proto);
  use(i++, m.tp_src);
  use(i++, m.tp_dst);
  use(i++, m.arp_sha);
  use(i++, m.arp_tha);
  use(i++, m.ipv6_src);
  use(i++, m.ipv6_dst);
  use(i++, m.nd_target);
}

}  // namespace

const std::array<Field, kFields>& fields() { return kTable; }

std::size_t field_named(std::string_view name) {
  const auto named = [&](const Field& f) { return f.name == name; };
  return static_cast<std::size_t>(std::find_if(kTable.begin(), kTable.end(), named) - kTable.begin());
}

Cube cube_of(const Match& match) {
  Cube out;
  each_field(match, [&](std::size_t i, const auto& masked) {
    put(out.value, i, masked.value);
    put(out.mask, i, masked.mask);
  });
  for (std::size_t i = 0; i < kWords; ++i) out.value[i] &= out.mask[i];
  return out;
}

Cube cube_of(const FlowKey& key) {
  Cube out;
  each_field(key, [&](std::size_t i, const auto& value) { put(out.value, i, value); });
  for (const Field& f : kTable) {
    for (std::size_t p = 0; p < f.n_parts; ++p) out.mask[f.parts[p].word] |= f.parts[p].mask();
  }
  return out;
}

FlowKey key_of(const Cube& packet) {
  FlowKey key;
  each_field(key, [&](std::size_t i, auto& value) { get(packet.value, i, value); });
  return key;
}

void require(Cube& cube, std::string_view name, std::uint64_t value, std::uint64_t bits) {
  const FieldPart& part = kTable[field_named(name)].parts[0];
  const std::uint64_t mask = bits << part.shift & part.mask();
  cube.mask[part.word] |= mask;
  cube.value[part.word] = (cube.value[part.word] & ~mask) | (value << part.shift & mask);
}

bool covers(const Cube& outer, const Cube& inner) {
  for (std::size_t i = 0; i < kWords; ++i) {
    if ((outer.mask[i] & ~inner.mask[i]) != 0) return false;
    if (((outer.value[i] ^ inner.value[i]) & outer.mask[i]) != 0) return false;
  }
  return true;
}

}  // namespace oftwin::probe

// What matches mean: a few sentences about each field, said once for all fields.
//
// Everything is a template over the words of a match, so that what runs is what is proved (properties/prove/).
// Invariant: canonical matches (no value bit outside its mask) in, canonical matches out; canonical() and normalized()
// only ever take bits away.
#pragma once

#include <array>
#include <cstddef>

#include "spec/match.h"
#include "spec/word.h"

namespace oftwin::model {

// The i-th of a field's words, if it is made of several.
template <class W, std::size_t N>
constexpr Masked<W> word_at(const Masked<std::array<W, N>>& field, std::size_t i) {
  return {field.value[i], field.mask[i]};
}
template <class W, std::size_t N>
constexpr W word_at(const std::array<W, N>& packet, std::size_t i) {
  return packet[i];
}

// The conjunction of `test` over the words of an address.
template <class A, class B, class Test>
constexpr auto every_word(const A& a, const B& b, Test test) {
  auto all = test(word_at(a, 0), word_at(b, 0));
  for (std::size_t i = 1; i < 16; ++i) all = all && test(word_at(a, i), word_at(b, i));
  return all;
}

// The conjunction of `test` over corresponding fields of `a` and `b`. Arrays count as that many fields.
template <class A, class B, class Test>
constexpr auto every_field(const A& a, const B& b, Test test) {
  return test(a.in_port, b.in_port) && test(a.dl_type, b.dl_type) && test(a.nw_src, b.nw_src) &&
         test(a.nw_dst, b.nw_dst) && test(a.nw_proto, b.nw_proto) && test(a.tp_src, b.tp_src) &&
         test(a.tp_dst, b.tp_dst) && test(a.dl_src, b.dl_src) && test(a.dl_dst, b.dl_dst) &&
         test(a.vlan_tci, b.vlan_tci) && test(a.nw_tos, b.nw_tos) && test(a.tun_id, b.tun_id) &&
         test(a.reg[0], b.reg[0]) && test(a.reg[1], b.reg[1]) && test(a.reg[2], b.reg[2]) && test(a.reg[3], b.reg[3]) &&
         test(a.arp_sha, b.arp_sha) && test(a.arp_tha, b.arp_tha) && every_word(a.ipv6_src, b.ipv6_src, test) &&
         every_word(a.ipv6_dst, b.ipv6_dst, test) && every_word(a.nd_target, b.nd_target, test);
}

// What one field says about a packet's value, about a narrower field, about a field that may meet it.
struct FieldMatches {
  template <class W>
  constexpr auto operator()(const Masked<W>& field, const W& packet) const {
    return agree<W>(field.value, packet, field.mask);
  }
};
struct FieldCovers {
  template <class W>
  constexpr auto operator()(const Masked<W>& general, const Masked<W>& specific) const {
    return contains(specific.mask, general.mask) && agree(general.value, specific.value, general.mask);
  }
};
struct FieldOverlaps {
  template <class W>
  constexpr auto operator()(const Masked<W>& a, const Masked<W>& b) const {
    return agree<W>(a.value, b.value, static_cast<W>(a.mask & b.mask));
  }
};

// The packet has every value that the match asks for.
template <class M, class K>
constexpr auto matches(const M& match, const K& packet) {
  return every_field(match, packet, FieldMatches{});
}

// Loose: `specific` asks for at least everything that `general` asks for.
template <class M>
constexpr auto covers(const M& general, const M& specific) {
  return every_field(general, specific, FieldCovers{});
}

// Some packet could match both.
template <class M>
constexpr auto overlaps(const M& a, const M& b) {
  return every_field(a, b, FieldOverlaps{});
}

template <class W>
constexpr void clear_outside_mask(Masked<W>& field) {
  field.value = static_cast<W>(field.value & field.mask);
}
template <class W, std::size_t N>
constexpr void clear_outside_mask(Masked<std::array<W, N>>& field) {
  for (std::size_t i = 0; i < N; ++i) field.value[i] = static_cast<W>(field.value[i] & field.mask[i]);
}

// Clears every value bit that no mask bit asks for.
template <class Byte>
MatchOf<Byte> canonical(MatchOf<Byte> m) {
  for (auto* f : {&m.tun_id, &m.dl_src, &m.dl_dst, &m.arp_sha, &m.arp_tha}) clear_outside_mask(*f);
  for (auto& f : m.reg) clear_outside_mask(f);
  for (auto* f : {&m.nw_src, &m.nw_dst}) clear_outside_mask(*f);
  for (auto* f : {&m.in_port, &m.dl_type, &m.vlan_tci, &m.tp_src, &m.tp_dst}) clear_outside_mask(*f);
  for (auto* f : {&m.nw_tos, &m.nw_proto}) clear_outside_mask(*f);
  for (auto* f : {&m.ipv6_src, &m.ipv6_dst, &m.nd_target}) clear_outside_mask(*f);
  return m;
}

// The rule of OpenFlow 1.0 flow-mods: a field whose lower layer is not matched is not matched either. source:
// original-behaviour.md, fact 8.
template <class Byte>
MatchOf<Byte> normalized(MatchOf<Byte> m) {
  const auto is = [](const auto& field, unsigned all, unsigned value) {
    return field.mask == all && field.value == value;
  };
  const auto ipv4 = is(m.dl_type, 0xffff, 0x0800), arp = is(m.dl_type, 0xffff, 0x0806);
  const auto icmp = is(m.nw_proto, 0xff, 1), tcp = is(m.nw_proto, 0xff, 6), udp = is(m.nw_proto, 0xff, 17);
  if (!(ipv4 && (icmp || tcp || udp))) m.tp_src = m.tp_dst = {};
  if (!ipv4) m.nw_tos = {};
  if (!ipv4 && !arp) {
    m.nw_proto = {};
    m.nw_src = m.nw_dst = {};
  }
  return m;
}

}  // namespace oftwin::model

// What matches mean: a few sentences about each field, said once for all fields.
//
// The functions are templates over the match type: anything that has spec/match.h's field names, with words that know
// `&`, `^` and `==`, will do. Invariant: canonical matches (no value bit outside its mask) in, canonical matches out.
#pragma once

#include <array>
#include <cstddef>

#include "spec/match.h"
#include "spec/word.h"

namespace oftwin::model {

// The conjunction of `test` over corresponding fields of `a` and `b`. Arrays count as that many fields.
template <class A, class B, class Test>
constexpr auto every_field(const A& a, const B& b, Test test) {
  return test(a.in_port, b.in_port) && test(a.dl_type, b.dl_type) && test(a.nw_src, b.nw_src) &&
         test(a.nw_dst, b.nw_dst) && test(a.nw_proto, b.nw_proto) && test(a.tp_src, b.tp_src) &&
         test(a.tp_dst, b.tp_dst) && test(a.dl_src, b.dl_src) && test(a.dl_dst, b.dl_dst) &&
         test(a.vlan_tci, b.vlan_tci) && test(a.nw_tos, b.nw_tos) && test(a.tun_id, b.tun_id) &&
         test(a.reg[0], b.reg[0]) && test(a.reg[1], b.reg[1]) && test(a.reg[2], b.reg[2]) && test(a.reg[3], b.reg[3]) &&
         test(a.arp_sha, b.arp_sha) && test(a.arp_tha, b.arp_tha) && test(a.ipv6_src, b.ipv6_src) &&
         test(a.ipv6_dst, b.ipv6_dst) && test(a.nd_target, b.nd_target);
}

// What one field says about a packet's value, about a narrower field, about a field that may meet it.
struct FieldMatches {
  template <class W, class V>
  constexpr auto operator()(const Masked<W>& field, const V& packet) const {
    return agree<W>(field.value, packet, field.mask);
  }
  constexpr bool operator()(const Masked<Ipv6>& field, const Ipv6& packet) const {
    bool all = true;
    for (std::size_t i = 0; i < 16; ++i) all &= agree(field.value[i], packet[i], field.mask[i]);
    return all;
  }
};
struct FieldCovers {
  template <class W>
  constexpr auto operator()(const Masked<W>& general, const Masked<W>& specific) const {
    return contains(specific.mask, general.mask) && agree(general.value, specific.value, general.mask);
  }
  constexpr bool operator()(const Masked<Ipv6>& general, const Masked<Ipv6>& specific) const {
    bool all = true;
    for (std::size_t i = 0; i < 16; ++i) {
      all &= contains(specific.mask[i], general.mask[i]) && agree(general.value[i], specific.value[i], general.mask[i]);
    }
    return all;
  }
};
struct FieldOverlaps {
  template <class W>
  constexpr auto operator()(const Masked<W>& a, const Masked<W>& b) const {
    return agree<W>(a.value, b.value, a.mask & b.mask);
  }
  constexpr bool operator()(const Masked<Ipv6>& a, const Masked<Ipv6>& b) const {
    bool all = true;
    for (std::size_t i = 0; i < 16; ++i) {
      all &= agree<unsigned>(a.value[i], b.value[i], unsigned(a.mask[i]) & unsigned(b.mask[i]));
    }
    return all;
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

// Clears every value bit that no mask bit asks for.
Match canonical(Match match);

// The rule of OpenFlow 1.0 flow-mods: a field whose lower layer is not matched is not matched either. source:
// original-behaviour.md, fact 8.
Match normalized(Match match);

}  // namespace oftwin::model

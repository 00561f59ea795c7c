// The algebra of matches, on both sides: what covers, overlaps and matches must mean whatever the representation.
//
// Matches are drawn here, not by the fuzzers' generator: each field is free, exact, or masked, with values from a few,
// so that two matches often stand in some relation. Each law is asked of model::match (fields) and of impl's packed
// words, and both must give the same answer. A witness packet, built field by field, proves an overlap.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "impl/match.h"
#include "model/match.h"

namespace oftwin {
namespace {

template <class T>
Masked<T> masked(T width_mask, bool any_mask) {
  const auto how = *rc::gen::inRange(0, any_mask ? 4 : 2);
  if (how == 0) return {};
  const auto value =
      static_cast<T>(*rc::gen::element<std::uint64_t>(0, 1, 2, 3, 0x0806, 0x0a000001, 0x0a000003, ~0ull));
  T mask = width_mask;
  if (how == 2) mask = static_cast<T>(width_mask << *rc::gen::inRange<unsigned>(0, 8));
  if (how == 3) mask = *rc::gen::arbitrary<T>();
  mask &= width_mask;
  return {static_cast<T>(value & mask), mask};
}

Match draw_match() {
  Match m;
  m.in_port = masked<std::uint16_t>(0xffff, false);
  m.dl_src = masked<std::uint64_t>(0xffffffffffff, true);
  m.dl_dst = masked<std::uint64_t>(0xffffffffffff, true);
  m.dl_type = masked<std::uint16_t>(0xffff, false);
  m.vlan_tci = masked<std::uint16_t>(0xffff, true);
  m.nw_src = masked<std::uint32_t>(0xffffffff, true);
  m.nw_dst = masked<std::uint32_t>(0xffffffff, true);
  m.nw_tos = masked<std::uint8_t>(0xfc, false);
  m.nw_proto = masked<std::uint8_t>(0xff, false);
  m.tp_src = masked<std::uint16_t>(0xffff, true);
  m.tp_dst = masked<std::uint16_t>(0xffff, true);
  if (*rc::gen::inRange(0, 4) == 0) {  // fields that OpenFlow 1.0 cannot express
    m.tun_id = masked<std::uint64_t>(~0ull, true);
    for (auto& reg : m.reg) reg = masked<std::uint32_t>(0xffffffff, true);
    m.arp_sha = masked<std::uint64_t>(0xffffffffffff, true);
    m.arp_tha = masked<std::uint64_t>(0xffffffffffff, true);
    for (auto* field : {&m.ipv6_src, &m.ipv6_dst, &m.nd_target}) {
      for (std::size_t i = 0; i < 16; ++i) {
        const auto byte = masked<std::uint8_t>(0xff, true);
        field->value[i] = byte.value;
        field->mask[i] = byte.mask;
      }
    }
  }
  return m;
}

// Fills `key` with what `match` asks for, and leaves the rest.
void satisfy(const Match& match, FlowKey& key) {
  const auto set = [](const auto& field, auto& value) {
    using T = std::remove_reference_t<decltype(value)>;
    value = static_cast<T>((value & ~field.mask) | field.value);
  };
  const auto set6 = [](const Masked<Ipv6>& field, Ipv6& value) {
    for (std::size_t i = 0; i < 16; ++i) {
      value[i] = static_cast<std::uint8_t>((value[i] & ~field.mask[i]) | field.value[i]);
    }
  };
  set(match.tun_id, key.tun_id);
  for (std::size_t i = 0; i < 4; ++i) set(match.reg[i], key.reg[i]);
  set(match.in_port, key.in_port);
  set(match.dl_src, key.dl_src);
  set(match.dl_dst, key.dl_dst);
  set(match.dl_type, key.dl_type);
  set(match.vlan_tci, key.vlan_tci);
  set(match.nw_src, key.nw_src);
  set(match.nw_dst, key.nw_dst);
  set(match.nw_tos, key.nw_tos);
  set(match.nw_proto, key.nw_proto);
  set(match.tp_src, key.tp_src);
  set(match.tp_dst, key.tp_dst);
  set(match.arp_sha, key.arp_sha);
  set(match.arp_tha, key.arp_tha);
  set6(match.ipv6_src, key.ipv6_src);
  set6(match.ipv6_dst, key.ipv6_dst);
  set6(match.nd_target, key.nd_target);
}

// A match that asks for what `match` asks for and, of `more`, what it leaves open.
Match narrowed(const Match& match, const Match& more) {
  FlowKey key;
  satisfy(more, key);
  satisfy(match, key);
  Match out = match;
  const auto join = [](auto& field, const auto& extra, const auto& value) {
    using T = std::remove_reference_t<decltype(field.mask)>;
    field.mask = static_cast<T>(field.mask | extra.mask);
    field.value = static_cast<T>(value & field.mask);
  };
  join(out.in_port, more.in_port, key.in_port);
  join(out.dl_src, more.dl_src, key.dl_src);
  join(out.dl_dst, more.dl_dst, key.dl_dst);
  join(out.dl_type, more.dl_type, key.dl_type);
  join(out.vlan_tci, more.vlan_tci, key.vlan_tci);
  join(out.nw_src, more.nw_src, key.nw_src);
  join(out.nw_dst, more.nw_dst, key.nw_dst);
  join(out.tp_dst, more.tp_dst, key.tp_dst);
  return out;
}

// Both sides' answers; they must agree.
bool covers(const Match& general, const Match& specific) {
  const bool answer = model::covers(general, specific);
  // impl's packed words count from the general side.
  RC_ASSERT(impl::covers(impl::pack(general), impl::pack(specific)) == answer);
  return answer;
}
bool overlaps(const Match& a, const Match& b) {
  const bool answer = model::overlaps(a, b);
  RC_ASSERT(impl::overlaps(impl::pack(a), impl::pack(b)) == answer);
  return answer;
}
bool matches(const Match& match, const FlowKey& key) {
  const bool answer = model::matches(match, key);
  RC_ASSERT(impl::matches(impl::pack(match), impl::pack(key)) == answer);
  return answer;
}

RC_GTEST_PROP(Matching, every_match_covers_and_overlaps_itself, ()) {
  const Match a = draw_match();
  RC_ASSERT(covers(a, a));
  RC_ASSERT(overlaps(a, a));
}

RC_GTEST_PROP(Matching, MATCH_2_covering_is_transitive, ()) {
  const Match a = draw_match(), b = narrowed(a, draw_match()), c = narrowed(b, draw_match());
  RC_ASSERT(covers(a, b));
  RC_ASSERT(covers(b, c));
  RC_ASSERT(covers(a, c));
}

RC_GTEST_PROP(Matching, MATCH_3_covering_both_ways_is_equality, ()) {
  const Match a = draw_match(), b = *rc::gen::inRange(0, 2) == 0 ? narrowed(a, draw_match()) : draw_match();
  RC_CLASSIFY(a == b, "equal");
  RC_ASSERT((covers(a, b) && covers(b, a)) == (a == b));
  RC_ASSERT((impl::pack(a) == impl::pack(b)) == (a == b));
}

RC_GTEST_PROP(Matching, overlap_is_symmetric, ()) {
  const Match a = draw_match(), b = draw_match();
  RC_ASSERT(overlaps(a, b) == overlaps(b, a));
}

RC_GTEST_PROP(Matching, what_covers_overlaps, ()) {
  const Match a = draw_match(), b = *rc::gen::inRange(0, 2) == 0 ? narrowed(a, draw_match()) : draw_match();
  RC_CLASSIFY(covers(a, b), "covers");
  if (covers(a, b)) RC_ASSERT(overlaps(a, b));
}

RC_GTEST_PROP(Matching, ADD_1_two_matches_overlap_exactly_if_a_witness_packet_matches_both, ()) {
  const Match a = draw_match(), b = draw_match();
  FlowKey witness;
  satisfy(a, witness);
  satisfy(b, witness);  // where both ask, the second wins: if they differ there, the first no longer matches
  RC_CLASSIFY(overlaps(a, b), "overlap");
  RC_ASSERT((matches(a, witness) && matches(b, witness)) == overlaps(a, b));
}

RC_GTEST_PROP(Matching, MATCH_1_a_packet_of_the_specific_match_matches_the_general_one, ()) {
  const Match a = draw_match(), b = narrowed(a, draw_match());
  FlowKey key;
  satisfy(draw_match(), key);
  satisfy(b, key);
  RC_ASSERT(matches(b, key));
  RC_ASSERT(matches(a, key));
}

// Not covering has a witness, too: a packet that the specific match takes and the general one does not.
RC_GTEST_PROP(Matching, what_does_not_cover_has_a_packet_that_tells, ()) {
  const Match a = draw_match(), b = draw_match();
  RC_CLASSIFY(!covers(a, b), "does not cover");
  if (covers(a, b)) return;
  FlowKey opposite;
  satisfy(a, opposite);
  // Every bit that b leaves open is set against a.
  const auto flip = [](auto& word) { word = static_cast<std::remove_reference_t<decltype(word)>>(~word); };
  flip(opposite.tun_id);
  for (auto& reg : opposite.reg) flip(reg);
  flip(opposite.in_port), flip(opposite.dl_src), flip(opposite.dl_dst), flip(opposite.dl_type), flip(opposite.vlan_tci);
  flip(opposite.nw_src), flip(opposite.nw_dst), flip(opposite.nw_tos), flip(opposite.nw_proto), flip(opposite.tp_src);
  flip(opposite.tp_dst), flip(opposite.arp_sha), flip(opposite.arp_tha);
  for (auto* field : {&opposite.ipv6_src, &opposite.ipv6_dst, &opposite.nd_target}) {
    for (auto& byte : *field) flip(byte);
  }
  satisfy(b, opposite);
  RC_ASSERT(matches(b, opposite));
  RC_ASSERT(!matches(a, opposite));
}

}  // namespace
}  // namespace oftwin

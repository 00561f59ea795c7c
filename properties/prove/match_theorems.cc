// What a match means: overlap, loose, strict, canonical form.
//
// Existence ("some packet") is never left to a quantifier: a free packet stands for every packet, and where there has
// to be one, it is built from the matches at hand.
#include "model/match.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

// The packet whose words are `rule` of the two matches' words; low: the bits that the field has.
template <class Byte, class Rule>
FlowKeyOf<Byte> packet_of(const MatchOf<Byte>& a, const MatchOf<Byte>& b, const Rule& rule) {
  FlowKeyOf<Byte> packet;
  const auto build = [&](const char*, unsigned bits, const auto& x, const auto& y, auto& to) {
    const std::uint64_t low = bits == 64 ? ~0ull : (1ull << bits) - 1;
    if constexpr (requires { to.size(); })
      for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = static_cast<Byte>(rule(x.value[i], x.mask[i], y.value[i], y.mask[i], low));
    else
      to = static_cast<std::remove_cvref_t<decltype(to)>>(rule(x.value, x.mask, y.value, y.mask, low));
  };
  each_field(build, a, b, packet);
  return packet;
}

// Matches both, if any packet does.
constexpr auto kShared = [](const auto& v, const auto& m, const auto& w, const auto& n, std::uint64_t) {
  return (v & m) | (w & n & ~m);
};
// Matches the second, and differs from the first wherever the second leaves it free to.
constexpr auto kOpposed = [](const auto& v, const auto&, const auto& w, const auto& n, std::uint64_t low) {
  return ((w & n) | (~v & ~n)) & low;
};

struct SameField {
  template <class W>
  constexpr auto operator()(const Masked<W>& a, const Masked<W>& b) const {
    return a.value == b.value && a.mask == b.mask;
  }
};
template <class M>
auto same(const M& a, const M& b) {
  return model::every_field(a, b, SameField{});
}

// The last bit of an address is not asked for.
template <class M>
M blurred(M m) {
  m.nw_src.mask &= 0xfffffffe;
  return model::canonical(m);
}

constexpr auto overlap = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  const auto k = p.key("packet"), witness = packet_of(a, b, kShared);
  p.show("a", a), p.show("b", b), p.show("packet", k), p.show("witness", witness);
  const auto said = model::overlaps(p.broken() ? blurred(a) : a, b);
  p.about(said);
  return implies(model::matches(a, k) && model::matches(b, k), said) &&
         implies(said, model::matches(a, witness) && model::matches(b, witness));
};

constexpr auto loose = [](auto& p) {
  const auto general = p.match("general"), specific = p.match("specific");
  const auto k = p.key("packet"), outsider = packet_of(general, specific, kOpposed);
  p.show("general", general), p.show("specific", specific), p.show("packet", k), p.show("outsider", outsider);
  const auto said = model::covers(p.broken() ? blurred(general) : general, specific);
  p.about(said);
  return implies(said && model::matches(specific, k), model::matches(general, k)) &&
         model::matches(specific, outsider) && said == model::matches(general, outsider);
};

constexpr auto strict = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  const auto k = p.key("packet"), of_b = packet_of(a, b, kOpposed), of_a = packet_of(b, a, kOpposed);
  p.show("a", a), p.show("b", b), p.show("packet", k), p.show("of_b", of_b), p.show("of_a", of_a);
  const auto said = p.broken() ? same(blurred(a), blurred(b)) : same(a, b);
  p.about(said);
  const auto told_apart = !model::matches(a, of_b) || !model::matches(b, of_a);
  return implies(said, model::matches(a, k) == model::matches(b, k)) && (said || told_apart);
};

constexpr auto antisymmetry = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  p.show("a", a), p.show("b", b);
  const auto covers = [&](const auto& x, const auto& y) { return model::covers(p.broken() ? blurred(x) : x, y); };
  p.about(covers(a, b) && !same(a, b));
  return (covers(a, b) && covers(b, a)) == same(a, b);
};

constexpr auto transitivity = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b"), c = p.match("c");
  p.show("a", a), p.show("b", b), p.show("c", c);
  p.about(model::covers(a, b) && model::covers(b, c) && !same(a, b));
  return implies(model::covers(a, b) && model::covers(p.broken() ? blurred(b) : b, c), model::covers(a, c));
};

constexpr auto meeting = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  p.show("a", a), p.show("b", b);
  const auto covers = model::covers(p.broken() ? blurred(a) : a, b);
  p.about(covers && !same(a, b));
  return implies(covers, model::overlaps(a, b)) && model::overlaps(a, b) == model::overlaps(b, a);
};

constexpr auto canonical = [](auto& p) {
  const auto raw = p.raw_match("raw");
  const auto k = p.key("packet");
  auto once = model::canonical(raw);
  if (p.broken()) once.tp_dst.value |= raw.tp_dst.value;
  p.show("raw", raw), p.show("packet", k);
  p.about(!same(raw, once));
  const auto tidy = [](const auto& m, const auto&) { return (m.value & ~m.mask) == 0; };
  return same(model::canonical(once), once) && model::every_field(once, once, tidy) &&
         model::matches(raw, k) == model::matches(once, k);
};

constexpr auto normal = [](auto& p) {
  const auto m = p.match("match");
  auto asked = m;
  if (p.broken()) asked.dl_type.mask |= 0x0006;  // ARP taken for IPv4's mask
  const auto n = model::normalized(p.broken() ? model::canonical(asked) : m);
  p.show("match", m), p.show("normalized", n);
  const auto exactly = [](const auto& field, unsigned all, unsigned value) {
    return field.mask == all && field.value == value;
  };
  const auto ip = exactly(m.dl_type, 0xffff, 0x0800), arp = exactly(m.dl_type, 0xffff, 0x0806);
  const auto ports =
      ip && (exactly(m.nw_proto, 0xff, 1) || exactly(m.nw_proto, 0xff, 6) || exactly(m.nw_proto, 0xff, 17));
  p.about(!same(m, n));
  const auto kept = SameField{};
  const auto kept_if = [&](const auto& condition, const auto& was, const auto& is) {
    const auto nothing = std::remove_cvref_t<decltype(is)>{};
    return (condition && kept(was, is)) || (!condition && kept(is, nothing));
  };
  auto others = n;  // beside the fields that the rule is about, nothing has changed
  others.nw_src = m.nw_src, others.nw_dst = m.nw_dst, others.nw_proto = m.nw_proto;
  others.nw_tos = m.nw_tos, others.tp_src = m.tp_src, others.tp_dst = m.tp_dst;
  return same(model::normalized(n), n) && model::covers(n, m) && same(others, m) && kept_if(ip, m.nw_tos, n.nw_tos) &&
         kept_if(ip || arp, m.nw_src, n.nw_src) && kept_if(ip || arp, m.nw_dst, n.nw_dst) &&
         kept_if(ip || arp, m.nw_proto, n.nw_proto) && kept_if(ports, m.tp_src, n.tp_src) &&
         kept_if(ports, m.tp_dst, n.tp_dst);
};

}  // namespace

std::vector<Theorem> match_theorems() {
  return {
      theorem({"overlap_is_said_exactly_when_some_packet_matches_both",
               "Two matches overlap if a packet matches both; and if they are said to overlap, the packet built from "
               "both matches both.",
               "ADD-1 MATCH-1", "the last bit of nw_src is not compared"},
              overlap),
      theorem({"loose_covers_exactly_when_every_packet_of_the_rule_is_one_of_the_request",
               "If a request covers a rule, every packet of the rule is one of the request; if not, the packet built "
               "to differ from the request wherever the rule allows it is the rule's alone.",
               "MATCH-1 MATCH-2", "the last bit of nw_src is not compared"},
              loose),
      theorem({"strict_equality_is_matching_the_same_packets",
               "Equal canonical matches match the same packets; of two that differ, one of two built packets is "
               "matched by one alone.",
               "MATCH-1 MATCH-3", "matches that differ in the last bit of nw_src count as equal"},
              strict),
      theorem({"matches_that_cover_each_other_are_equal",
               "Covering is reflexive and antisymmetric: loose and strict agree.", "MATCH-2 MATCH-3",
               "the last bit of the general nw_src is not compared"},
              antisymmetry),
      theorem({"what_covers_a_match_covers_all_that_it_covers", "Covering is transitive.", "MATCH-2",
               "the last bit of the middle nw_src is not compared"},
              transitivity),
      theorem({"a_match_overlaps_what_it_covers", "Covering implies overlapping, and overlapping is symmetric.",
               "MATCH-2 ADD-1", "the last bit of the general nw_src is not compared"},
              meeting),
      theorem({"clearing_value_bits_outside_the_mask_is_idempotent_and_keeps_every_packet",
               "A canonical match has no value bit outside its mask, matches the packets that it matched before, and "
               "stays as it is when it is made canonical again.",
               "MATCH-1", "the value of tp_dst is left as it was"},
              canonical),
      theorem({"normalizing_is_idempotent_and_wildcards_exactly_the_fields_without_their_layer",
               "Normalizing twice is normalizing once; ToS stays only with IPv4, addresses and protocol with IPv4 or "
               "ARP, ports with ICMP, TCP or UDP over IPv4, and then unchanged; all other fields are unchanged; no "
               "packet is lost.",
               "MATCH-4", "two bits of dl_type count as compared"},
              normal),
  };
}

}  // namespace oftwin::prove

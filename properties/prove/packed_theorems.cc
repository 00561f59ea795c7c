// impl's packed words say what the model's fields say.
#include "impl/match.h"
#include "model/match.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"

namespace oftwin::prove {

namespace {

// As if the packing forgot the lowest bit of nw_dst.
template <class W>
impl::PackedMatchOf<W> forgetful(impl::PackedMatchOf<W> m) {
  m.mask[2] &= ~std::uint64_t{1};
  m.value[2] &= m.mask[2];
  return m;
}
template <class P, class M>
auto packed(const P& p, const M& match) {
  const auto m = impl::pack(match);
  return p.broken() ? forgetful(m) : m;
}

constexpr auto match = [](auto& p) {
  const auto m = p.match("match");
  const auto k = p.key("packet");
  p.show("match", m), p.show("packet", k);
  const auto said = impl::matches(packed(p, m), impl::pack(k));
  p.about(said);
  return said == model::matches(m, k);
};

constexpr auto cover = [](auto& p) {
  const auto a = p.match("general"), b = p.match("specific");
  p.show("general", a), p.show("specific", b);
  const auto said = impl::covers(packed(p, a), packed(p, b));
  p.about(said);
  return said == model::covers(a, b);
};

constexpr auto overlap = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  p.show("a", a), p.show("b", b);
  const auto said = impl::overlaps(packed(p, a), packed(p, b));
  p.about(said);
  return said == model::overlaps(a, b);
};

constexpr auto equality = [](auto& p) {
  const auto a = p.match("a"), b = p.match("b");
  p.show("a", a), p.show("b", b);
  const auto m = packed(p, a), n = packed(p, b);
  const auto said = m == n;
  p.about(said);
  const auto right = said == (model::covers(a, b) && model::covers(b, a));
  return m.words == n.words ? right : right && !said;
};

constexpr auto invariant = [](auto& p) {
  const auto raw = p.raw_match("raw");
  auto m = impl::pack(raw);
  p.show("raw", raw);
  if (p.broken()) m.words = impl::kBasicWords;
  auto stray = m.value[0] & ~m.mask[0];
  auto extended = m.mask[impl::kBasicWords];
  for (std::size_t i = 0; i < impl::kAllWords; ++i) {
    stray |= m.value[i] & ~m.mask[i];
    if (i >= m.words) stray |= m.value[i] | m.mask[i];
    if (i >= impl::kBasicWords) extended |= m.mask[i];
  }
  p.about(extended != 0);
  return stray == 0 && (extended != 0) == (m.words == impl::kAllWords) && m == impl::pack(model::canonical(raw));
};

// What a hash table needs of it: a packet that a rule matches, cut to the rule's mask, is the rule's value word by
// word, as many words of it; so any function of them, hash_words among these, is the same of both.
constexpr auto key = [](auto& p) {
  const auto rule = p.match("rule");
  const auto k = p.key("packet");
  p.show("rule", rule), p.show("packet", k);
  const auto m = impl::pack(rule);
  const auto packet = impl::pack(k);
  auto masked = packet;
  for (std::size_t i = 0; i < m.words; ++i) masked[i] = packet[i] & m.mask[i];
  if (p.broken()) masked[1] = packet[1];
  p.about(impl::matches(m, packet));
  auto differing = masked[0] ^ m.value[0];
  for (std::size_t i = 0; i < m.words; ++i) differing |= masked[i] ^ m.value[i];
  return impl::matches(m, packet) == (differing == 0);
};

// Of words instead of matches: what equal matches have in common is the theorem before.
constexpr auto hash = [](auto& p) {
  const auto a = p.words("a"), b = p.words("b");
  p.assume(impl::equal(a, b));
  const auto agree = [&](std::size_t n) {
    const auto other = impl::hash_words(b, n, 1);
    return impl::hash_words(a, n, 1) == (p.broken() ? other + 1 : other);
  };
  return agree(impl::kBasicWords) && agree(impl::kAllWords);
};

constexpr auto normal = [](auto& p) {
  const auto m = p.match("match");
  p.show("match", m);
  // As decoded from OpenFlow 1.0: these are matched whole or not at all.
  p.assume((m.dl_type.mask == 0 || m.dl_type.mask == 0xffff) && (m.nw_proto.mask == 0 || m.nw_proto.mask == 0xff) &&
           (m.nw_tos.mask == 0 || m.nw_tos.mask == 0xfc));
  auto n = impl::pack(m);
  if (p.broken()) n.mask[3] &= ~std::uint64_t{0xfc00};
  impl::normalize(n);
  p.about(!(n == impl::pack(m)));
  return n == impl::pack(model::normalized(m));
};

}  // namespace

std::vector<Theorem> packed_theorems() {
  const std::string forgets = "packing forgets the last bit of nw_dst";
  return {
      theorem(
          {"packed_words_match_the_packets_that_the_fields_match",
           "impl's words match a packet's words exactly when the model's fields match its fields.", "MATCH-1", forgets},
          match),
      theorem({"packed_words_cover_what_the_fields_cover",
               "impl's words cover each other exactly when the model's fields do.", "MATCH-2", forgets},
              cover),
      theorem({"packed_words_overlap_when_the_fields_overlap",
               "impl's words overlap exactly when the model's fields do.", "ADD-1", forgets},
              overlap),
      theorem({"packed_words_are_equal_when_the_fields_are",
               "impl's words are equal exactly when the model's matches cover each other, that is, are equal; and then "
               "as many words count.",
               "MATCH-3", forgets},
              equality),
      theorem({"packing_makes_canonical_and_counts_its_words",
               "Of any match, canonical or not: no value bit lies outside the mask, words beyond the count are zero, "
               "all words are counted exactly if a field beyond OpenFlow 1.0 is matched, and the canonical match packs "
               "to the same.",
               "MATCH-1", "only OpenFlow 1.0's words are counted"},
              invariant),
      theorem({"a_packet_cut_to_a_rules_mask_is_the_rules_key_exactly_when_the_rule_matches",
               "The masked words of a packet, as many as the rule has, equal the rule's value words exactly when the "
               "rule matches: looking up the masked key finds the rule.",
               "MATCH-1", "one word is left unmasked"},
              key),
      theorem({"equal_words_hash_equal", "Equal words have the same hash, be it of four or of all.", "MATCH-3",
               "a hash depends on more than its words"},
              hash),
      theorem({"normalizing_words_is_normalizing_fields",
               "Of a match that OpenFlow 1.0 can say, normalizing impl's words gives the packed normalized fields.",
               "MATCH-4", "ToS is wildcarded"},
              normal),
  };
}

}  // namespace oftwin::prove

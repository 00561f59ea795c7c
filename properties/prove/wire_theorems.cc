// OpenFlow 1.0's 40 bytes: both decoders and both encoders, for every value of every byte.
#include "impl/match.h"
#include "model/match.h"
#include "model/wire_match.h"
#include "properties/prove/inputs.h"
#include "properties/prove/theorem_lists.h"
#include "spec/openflow.h"

namespace oftwin::prove {

namespace {

namespace w = wire::match;
using model::get;

template <class Byte>
auto equal_bytes(const std::vector<Byte>& a, const std::vector<Byte>& b) {
  auto differing = a[0] ^ b[0];
  for (std::size_t i = 1; i < a.size(); ++i) differing |= a[i] ^ b[i];
  return differing == 0;
}

template <class Byte>
std::vector<Byte> model_bytes(const MatchOf<Byte>& m) {
  std::vector<Byte> out(w::size);
  model::encode_match(out, 0, m);
  return out;
}

constexpr auto decoders = [](auto& p) {
  const auto raw = p.bytes("raw", w::size);
  const auto m = model::decode_match(raw, 0, p.broken() ? model::kTosBitsOf2011 : model::kTosBits);
  p.show("match", m);
  return impl::decode_match(raw.data()) == impl::pack(m);
};

constexpr auto encoders = [](auto& p) {
  auto m = p.match("match");
  p.show("match", m);
  const auto wanted = model_bytes(m);
  if (p.broken()) m.dl_dst.mask |= 1;
  auto got = p.bytes("left over", w::size);
  impl::encode_match(impl::pack(m), got.data());
  return equal_bytes(got, wanted);
};

// What `raw` says, with nothing left that says nothing: from the standard's text, beside both decoders.
template <class Byte>
std::vector<Byte> canonical_bytes(const std::vector<Byte>& raw) {
  using W32 = like<Byte, std::uint32_t>;
  std::vector<Byte> out(w::size);
  auto wildcards = get(raw, w::wildcards);
  const auto set = [&](std::uint32_t bit) { return (wildcards & bit) != 0; };
  const auto copy_unless = [&](const auto& wild, wire::Field f, std::uint64_t bits) {
    const auto value = get<std::uint64_t>(raw, f);
    model::put(out, f, select(wild, decltype(value & bits){}, value & bits));
  };
  const std::pair<std::uint32_t, wire::Field> plain[] = {
      {OFPFW_IN_PORT, w::in_port},   {OFPFW_DL_SRC, w::dl_src}, {OFPFW_DL_DST, w::dl_dst}, {OFPFW_DL_TYPE, w::dl_type},
      {OFPFW_NW_PROTO, w::nw_proto}, {OFPFW_TP_SRC, w::tp_src}, {OFPFW_TP_DST, w::tp_dst}};
  for (const auto& [bit, field] : plain) copy_unless(set(bit), field, ~0ull);
  copy_unless(set(OFPFW_NW_TOS), w::nw_tos, 0xfc);

  const auto none = !set(OFPFW_DL_VLAN) && get(raw, w::dl_vlan) == 0xffff;
  copy_unless(set(OFPFW_DL_VLAN), w::dl_vlan, 0xfff);
  copy_unless(none || set(OFPFW_DL_VLAN_PCP), w::dl_vlan_pcp, 7);
  model::put(out, w::dl_vlan, select(none, W32{0xffff}, get(out, w::dl_vlan)));

  W32 words = wildcards &
              (OFPFW_ALL & ~(OFPFW_NW_BITS_MASK << OFPFW_NW_SRC_SHIFT) & ~(OFPFW_NW_BITS_MASK << OFPFW_NW_DST_SHIFT));
  words = select(none, words & ~W32{OFPFW_DL_VLAN_PCP}, words);
  for (const auto& [shift, field] : {std::pair{8u, w::nw_src}, std::pair{14u, w::nw_dst}}) {
    const W32 count = wildcards >> shift & 63;
    const W32 shown = select(count > 32, W32{32}, count);
    words |= shown << shift;
    const auto address = get<std::uint64_t>(raw, field);
    model::put(out, field, address >> shown << shown);
  }
  model::put(out, w::wildcards, words);
  return out;
}

constexpr auto canonical = [](auto& p) {
  const auto raw = p.bytes("raw", w::size);
  const auto m = model::decode_match(raw, 0);
  p.show("match", m);
  auto bytes = model_bytes(m);
  if (p.broken()) model::put(bytes, w::nw_tos, get(raw, w::nw_tos));
  return equal_bytes(bytes, canonical_bytes(raw));
};

constexpr auto reads_back = [](auto& p) {
  const auto raw = p.bytes("raw", w::size);
  const auto m = impl::decode_match(raw.data());
  auto bytes = p.bytes("left over", w::size);
  impl::encode_match(m, bytes.data());
  if (p.broken()) bytes[w::dl_vlan_pcp.offset] = raw[w::dl_vlan_pcp.offset];
  auto again = bytes;
  const auto n = impl::decode_match(bytes.data());
  impl::encode_match(n, again.data());
  return n == m && equal_bytes(again, bytes);
};

constexpr auto vlan = [](auto& p) {
  const auto raw = p.bytes("raw", w::size);
  const auto k = p.key("packet");
  p.show("packet", k);
  const auto wildcards = get(raw, w::wildcards);
  const auto any_vid = (wildcards & OFPFW_DL_VLAN) != 0, any_pcp = (wildcards & OFPFW_DL_VLAN_PCP) != 0;
  const auto vid = get<std::uint16_t>(raw, w::dl_vlan), pcp = get<std::uint16_t>(raw, w::dl_vlan_pcp);
  const auto tci = model::decode_match(raw, 0).vlan_tci;
  const auto matched = agree(tci.value, k.vlan_tci, tci.mask);
  const auto tagged = (k.vlan_tci & (p.broken() ? 0x0800 : 0x1000)) != 0;
  const auto same_vid = any_vid || (k.vlan_tci & 0xfff) == (vid & 0xfff);
  const auto same_pcp = any_pcp || k.vlan_tci >> 13 == (pcp & 7);
  const auto none = !any_vid && vid == 0xffff;
  const auto right = (none && k.vlan_tci == 0) || (!none && any_vid && any_pcp) ||
                     (!none && !(any_vid && any_pcp) && tagged && same_vid && same_pcp);
  p.about(matched && !none && !any_vid && !any_pcp);
  return matched == right;
};

constexpr auto prefix = [](auto& p) {
  const auto raw = p.bytes("raw", w::size);
  const auto k = p.key("packet");
  p.show("packet", k);
  const auto matched = [&](const auto& field, const auto& value) { return agree(field.value, value, field.mask); };
  const auto leading = [&](wire::Field f, unsigned shift, const auto& value) {
    const auto count = get(raw, w::wildcards) >> shift & 63;
    const auto address = get<std::uint64_t>(raw, f);
    return count >= (p.broken() ? 31 : 32) || (address ^ value) >> count == 0;
  };
  const auto m = model::decode_match(raw, 0);
  p.about(m.nw_src.mask == 0xff000000 && matched(m.nw_src, k.nw_src));
  return matched(m.nw_src, k.nw_src) == leading(w::nw_src, OFPFW_NW_SRC_SHIFT, k.nw_src) &&
         matched(m.nw_dst, k.nw_dst) == leading(w::nw_dst, OFPFW_NW_DST_SHIFT, k.nw_dst);
};

}  // namespace

std::vector<Theorem> wire_theorems() {
  return {
      theorem(
          {"both_decoders_read_the_same_match", "Of any 40 bytes, impl's decoder and the model's read the same match.",
           "MATCH-6 MATCH-7 MATCH-8", "the model compares all eight bits of a ToS"},
          decoders),
      theorem({"both_encoders_write_the_same_match",
               "Of any canonical match, extended ones included, both encoders write the same 40 bytes.", "NXM-11",
               "impl is given a dl_dst of which one bit more is compared"},
              encoders),
      theorem(
          {"decoding_then_encoding_gives_the_canonical_form",
           "For every wildcard word and every field value, what is written is what was read with ignored bits, "
           "wildcarded fields, padding and the priority of an untagged frame cleared and address counts at most 32.",
           "MATCH-6 MATCH-7 MATCH-8", "the two low bits of a ToS are written as read"},
          canonical),
      theorem({"what_is_encoded_reads_back",
               "Of any 40 bytes: encoding what was decoded, over whatever was there before, decodes to the same match "
               "and encodes to the same bytes.",
               "MATCH-6 MATCH-7", "the VLAN priority is written as read"},
              reads_back),
      theorem({"vlan_fields_mean_what_the_standard_says",
               "A packet's tag matches exactly if: vid 0xffff is matched and there is no tag; or neither vid nor "
               "priority is matched; or there is a tag with the vid, if that is matched, and the priority, if that is.",
               "MATCH-6", "another bit says that there is a tag"},
              vlan),
      theorem({"an_address_count_wildcards_that_many_low_bits",
               "An address matches exactly if the bits above the count are equal; 32 to 63 match any.", "MATCH-7",
               "31 matches any"},
              prefix),
  };
}

}  // namespace oftwin::prove

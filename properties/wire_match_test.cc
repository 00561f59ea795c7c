// OpenFlow 1.0 matches from and to bytes, on both sides: two decoders and two encoders that know nothing of each other.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "impl/match.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/match.h"
#include "spec/openflow.h"

namespace oftwin {
namespace {

using Raw = std::array<std::uint8_t, wire::match::size>;

// Any 40 bytes, with a bias to those protocols, tags and wildcards that mean something.
Raw draw_raw() {
  Raw raw{};
  for (std::uint8_t& byte : raw) byte = *rc::gen::arbitrary<std::uint8_t>();
  const auto set16 = [&](wire::Field f, unsigned v) {
    raw[f.offset] = static_cast<std::uint8_t>(v >> 8);
    raw[f.offset + 1] = static_cast<std::uint8_t>(v);
  };
  if (*rc::gen::inRange(0, 4) != 0) set16(wire::match::dl_type, *rc::gen::element(0x0800u, 0x0806u, 0x05ffu, 0x86ddu));
  if (*rc::gen::inRange(0, 4) != 0) raw[wire::match::nw_proto.offset] = *rc::gen::element<std::uint8_t>(1, 6, 17, 58);
  if (*rc::gen::inRange(0, 4) == 0) set16(wire::match::dl_vlan, 0xffff);
  if (*rc::gen::inRange(0, 3) == 0) {
    const std::uint32_t w = *rc::gen::element<std::uint32_t>(0, 0x3fffff, 0x3ffffe, 0xffffffff, 0x3820fe, 0x100000, 2);
    for (std::size_t i = 0; i < 4; ++i) raw[i] = static_cast<std::uint8_t>(w >> (24 - 8 * i));
  }
  return raw;
}

Bytes model_bytes(const Match& match) {
  Bytes out(wire::match::size, 0);
  model::encode_match(out, 0, match);
  return out;
}

Bytes impl_bytes(const impl::PackedMatch& match) {
  Bytes out(wire::match::size, 0);
  impl::encode_match(match, out.data());
  return out;
}

RC_GTEST_PROP(WireMatch, both_decoders_understand_the_same, ()) {
  const Raw raw = draw_raw();
  RC_ASSERT(impl::decode_match(raw.data()) == impl::pack(model::decode_match(raw, 0)));
}

RC_GTEST_PROP(WireMatch, MATCH_4_both_normalize_the_same, ()) {
  const Raw raw = draw_raw();
  impl::PackedMatch packed = impl::decode_match(raw.data());
  impl::normalize(packed);
  RC_ASSERT(packed == impl::pack(model::normalized(model::decode_match(raw, 0))));
}

RC_GTEST_PROP(WireMatch, both_encoders_write_the_same_and_it_reads_back, ()) {
  const Raw raw = draw_raw();
  const Match match = model::decode_match(raw, 0);
  const Bytes bytes = model_bytes(match);
  RC_ASSERT(impl_bytes(impl::pack(match)) == bytes);
  RC_ASSERT(model::decode_match(bytes, 0) == match);
}

RC_GTEST_PROP(WireMatch, a_decoded_match_is_canonical, ()) {
  const Match match = model::decode_match(draw_raw(), 0);
  RC_ASSERT(model::canonical(match) == match);
}

RC_GTEST_PROP(WireMatch, normalizing_twice_changes_nothing_and_widens_only, ()) {
  const Match match = model::decode_match(draw_raw(), 0), once = model::normalized(match);
  RC_ASSERT(model::normalized(once) == once);
  RC_ASSERT(model::covers(once, match));
}

}  // namespace
}  // namespace oftwin

// Probes: that frames have the keys that they are made for.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <variant>

#include "harness/frame.h"
#include "harness/generate_frame.h"
#include "harness/generate_nxm.h"
#include "harness/probe/cube.h"
#include "harness/probe/shape.h"
#include "harness/source.h"
#include "model/match.h"
#include "model/nxm_match.h"
#include "model/packet.h"

namespace oftwin::probe {
namespace {

using harness::RandomSource;

RC_GTEST_PROP(Probe, every_frame_has_a_key_of_some_shape_and_a_frame_is_made_for_it, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  Bytes frame = harness::draw_frame(source);
  frame.resize(std::max<std::size_t>(frame.size(), 60));
  for (std::uint64_t n = source.below(3); n > 0; --n) {
    frame[source.below(frame.size())] ^= static_cast<std::uint8_t>(1u << source.below(8));
  }
  const FlowKey key = model::extract(frame, 1);
  RC_ASSERT(some_frame_has(key));
  RC_ASSERT(key_of(cube_of(key)) == key);
  const Bytes made = harness::frame_of(key, Bytes{1, 2, 3, 4});
  RC_ASSERT(made.size() >= 60u);
  RC_ASSERT(model::extract(made, 1) == key);
}

// Each shape, with every bit that it leaves free drawn.
RC_GTEST_PROP(Probe, every_key_of_a_shape_has_a_frame, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  const Shape& shape = source.pick(shapes());
  Cube packet = cube_of(FlowKey{});
  for (std::size_t i = 0; i < kWords; ++i) {
    packet.value[i] = shape.cube.value[i] | (source.next() & packet.mask[i] & ~shape.cube.mask[i]);
  }
  const FlowKey key = key_of(packet);
  if (!some_frame_has(key)) RC_DISCARD("one of those left out");
  RC_ASSERT(model::extract(harness::frame_of(key), key.in_port) == key);
}

// The other way round: what no shape holds, no frame has. (That some frame would have it shows in the first property.)
TEST(Probe, keys_that_no_frame_has) {
  const auto none = [](auto change) {
    FlowKey key;
    key.dl_type = 0x0800;
    change(key);
    return !some_frame_has(key) && model::extract(harness::frame_of(key), key.in_port) != key;
  };
  EXPECT_FALSE(none([](FlowKey&) {}));
  EXPECT_TRUE(none([](FlowKey& k) { k.tun_id = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.reg[2] = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.vlan_tci = 5; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.nw_tos = 3; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.tp_src = 80; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.arp_sha = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.nw_proto = 1, k.tp_src = 256; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x0100; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x0806, k.nw_proto = 3, k.nw_src = 1; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x86dd, k.nw_proto = 60; }));
  EXPECT_TRUE(none([](FlowKey& k) { k.dl_type = 0x86dd, k.nw_proto = 58, k.tp_src = 1, k.nd_target[0] = 1; }));
}

RC_GTEST_PROP(Probe, a_cube_is_a_match, ()) {
  RandomSource source(*rc::gen::arbitrary<std::uint64_t>());
  const auto decoded = model::read_nxm<std::uint8_t>(harness::draw_nxm(source), 0xfc);
  if (!std::holds_alternative<Match>(decoded)) RC_DISCARD("no match");
  const Match& match = std::get<Match>(decoded);
  const FlowKey key = model::extract(harness::draw_frame(source), static_cast<std::uint16_t>(source.between(1, 2)));
  RC_ASSERT(covers(cube_of(match), cube_of(key)) == model::matches(match, key));
}

}  // namespace
}  // namespace oftwin::probe

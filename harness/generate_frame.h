// Ethernet frames drawn from the few values that generated matches speak about.
//
// Part of harness/generator.h. Frames are well formed (checksums included) unless they are cut short on purpose.
#pragma once

#include <array>
#include <cstdint>

#include "harness/request.h"
#include "harness/source.h"
#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

// The universe: few enough values that two draws often meet, and some that differ in one bit only.
namespace universe {
inline constexpr std::array<Mac, 4> macs = {
    {{0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 3}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0x5e, 0, 0, 1}}};
inline constexpr std::array<std::uint16_t, 3> vids = {0, 5, 7};
inline constexpr std::array<std::uint8_t, 3> pcps = {0, 3, 7};
inline constexpr std::array<std::uint16_t, 4> dl_types = {0x0800, 0x0800, 0x0806, 0x88cc};
inline constexpr std::array<std::uint8_t, 5> ipv6_next = {58, 58, 6, 17, 59};
inline constexpr std::array<std::uint32_t, 5> addresses = {0x0a000001, 0x0a000002, 0x0a000003, 0x0a010001, 0xc0a80001};
inline constexpr std::array<std::uint8_t, 3> toses = {0, 0x20, 0xb8};
inline constexpr std::array<std::uint8_t, 4> protocols = {6, 17, 1, 2};
inline constexpr std::array<std::uint16_t, 4> tp_ports = {0, 8, 53, 80};
// What registers are loaded with and matched against, and the low half of tunnel ids.
inline constexpr std::array<std::uint64_t, 4> words = {0, 1, 3, 0xffffffff};
inline constexpr std::array<std::uint64_t, 4> cookies = {0, 0xa, 0xb, 0xffffffffffffffff};
inline constexpr std::array<std::uint64_t, 4> tun_ids = {0, 0x100000001, 0x300000003, 0xffffffffffffffff};
}  // namespace universe

// A key of this universe; what the match asks for, it has, as far as one frame can have all of it.
FlowKey draw_key(Source& source, const Match& match = {});
// Changes one bit that the match asks for, if it asks for any.
void miss(Source& source, const Match& match, FlowKey& key);

// A frame with this key; now and then a fragment, inside of other headers, or cut off.
Bytes draw_frame(Source& source, const FlowKey& key);
inline Bytes draw_frame(Source& source) { return draw_frame(source, draw_key(source)); }

}  // namespace oftwin::harness

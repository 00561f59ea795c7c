// Frames of every kind for tests of packets: built header by header with some values that mean something to nobody,
// then damaged: cut, padded, bytes changed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "harness/source.h"
#include "spec/bytes.h"

namespace oftwin::harness {

inline void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

inline Bytes random_bytes(Source& s, std::size_t n) {
  Bytes b(n);
  for (auto& x : b) x = static_cast<std::uint8_t>(s.below(256));
  return b;
}

inline void put16(Bytes& b, std::size_t at, std::uint64_t v) {
  b[at] = static_cast<std::uint8_t>(v >> 8);
  b[at + 1] = static_cast<std::uint8_t>(v);
}

inline Bytes transport(Source& s, std::uint8_t proto) {
  Bytes b = random_bytes(s, s.between(0, 12) + (proto == 6 ? 20 : proto == 1 ? 4 : 8));
  put16(b, 0, s.pick(std::array{0, 8, 53, 80, 0xffff}));
  if (proto == 1 && s.chance(50)) b[0] = 8;
  if (s.chance(60)) put16(b, 2, s.below(3));
  if (proto == 6) b[12] = static_cast<std::uint8_t>(s.pick(std::array{0x50, 0x50, 0x60, 0x40, 0xf0}));
  if (proto == 17 && s.chance(40)) put16(b, 6, s.chance(70) ? 0 : 0xffff);
  if (proto == 58) b[0] = static_cast<std::uint8_t>(s.between(134, 137)), b[1] = 0;
  if (proto == 58 && s.chance(60))
    append(b, random_bytes(s, 16)), append(b, {s.chance(50) ? uint8_t{1} : uint8_t{2}, 1, 2, 3, 4, 5, 6, 7});
  return b;
}

inline Bytes ipv4(Source& s) {
  const auto proto = static_cast<std::uint8_t>(s.pick(std::array{6, 6, 17, 17, 1, 0, 132, 58}));
  const std::size_t options = s.chance(25) ? 4 * s.between(1, 3) : 0;
  Bytes b = random_bytes(s, 20 + options);
  b[0] = static_cast<std::uint8_t>((s.chance(90) ? 0x40 : s.below(16) << 4) |
                                   (s.chance(90) ? 5 + options / 4 : s.below(16)));
  put16(b, 6, s.chance(75) ? s.pick(std::array{0, 0x4000, 0x8000}) : s.pick(std::array{0x2000, 1, 0x20b9}));
  b[9] = proto;
  for (const std::size_t at : {12, 16}) {
    put16(b, at, 0x0a00);
    put16(b, at + 2, s.chance(20) ? 0xffff : s.below(4));
  }
  const Bytes payload = transport(s, proto);
  put16(b, 2, s.chance(80) ? b.size() + payload.size() : s.below(80));
  append(b, payload);
  return b;
}

inline Bytes ipv6(Source& s) {
  Bytes b = random_bytes(s, 40);
  b[0] = static_cast<std::uint8_t>(0x60 | (b[0] & 0x0f));
  Bytes rest;
  std::uint8_t* next = &b[6];
  std::size_t link = 0;  // offset into rest of the next-header byte to fill in; 0: that of the fixed header
  for (std::uint64_t n = s.below(3); n > 0; --n) {
    const std::uint8_t kind = s.pick(std::array<std::uint8_t, 6>{0, 43, 60, 51, 44, 44});
    (rest.empty() ? *next : rest[link]) = kind;
    link = rest.size();
    Bytes h = random_bytes(s, kind == 51 ? 12 : 8);
    h[1] = s.chance(85) ? (kind == 51 ? 1 : 0) : static_cast<std::uint8_t>(s.below(4));
    if (kind == 44) put16(h, 2, s.pick(std::array{0, 1, 8, 6}));
    append(rest, h);
  }
  const auto proto = static_cast<std::uint8_t>(s.pick(std::array{6, 17, 58, 58, 1, 59}));
  (rest.empty() ? *next : rest[link]) = proto;
  append(rest, transport(s, proto));
  put16(b, 4, s.chance(80) ? rest.size() : s.below(80));
  append(b, rest);
  return b;
}

inline Bytes arp(Source& s) {
  Bytes b = {0, 1, 8, 0, 6, 4, 0, 0};
  put16(b, 6, s.pick(std::array{1, 2, 1, 2, 3, 0, 255, 256, 257}));
  if (s.chance(10)) b[s.below(6)] ^= 1;
  append(b, random_bytes(s, 20));
  return b;
}

inline Bytes damaged(Source& s, Bytes frame) {
  if (s.chance(15)) frame.resize(s.below(frame.size() + 1));
  if (s.chance(20)) append(frame, Bytes(s.between(1, 20)));
  while (s.chance(15) && !frame.empty()) frame[s.below(frame.size())] ^= static_cast<std::uint8_t>(1 << s.below(8));
  return frame;
}

inline Bytes draw_any_frame(Source& s) {
  Bytes f = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(s.below(3)),
             2, 0, 0, 0, 0, static_cast<std::uint8_t>(s.below(3))};
  if (s.chance(5)) std::copy_n(std::array<std::uint8_t, 6>{1, 0x80, 0xc2, 0, 0, 0}.begin(), 6, f.begin());
  for (std::uint64_t tags = s.chance(40) ? s.between(1, 3) : 0; tags > 0; --tags) {
    append(f, s.chance(85) ? Bytes{0x81, 0x00} : Bytes{0x88, 0xa8});
    append(f, random_bytes(s, 2));
  }
  const auto kind = s.below(8);
  if (s.chance(15)) {
    append(f, {0, 40, 0xaa, 0xaa, 3, 0, 0, static_cast<std::uint8_t>(s.chance(90) ? 0 : 1)});
    if (kind == 7) append(f, {0x05, 0x00});
  }
  if (kind < 4) {
    append(f, {0x08, 0x00});
    append(f, ipv4(s));
  } else if (kind == 4) {
    append(f, {0x86, 0xdd});
    append(f, ipv6(s));
  } else if (kind == 5) {
    append(f, {0x08, 0x06});
    append(f, arp(s));
  } else {
    append(f, random_bytes(s, s.between(2, 60)));
  }
  return damaged(s, std::move(f));
}

}  // namespace oftwin::harness

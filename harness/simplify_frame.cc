#include "harness/simplify_frame.h"

#include <algorithm>
#include <cstddef>

namespace oftwin::harness {
namespace {

constexpr std::size_t kEthernet = 14;
// Where the parts of usual frames end: Ethernet, with a tag; IPv4, ARP, UDP, TCP, IPv6, UDP and TCP over it.
constexpr std::size_t kEnds[] = {kEthernet, 18, 34, 42, 54, 62, 74};

Bytes zeroed(const Bytes& bytes, std::size_t from, std::size_t to) {
  Bytes out = bytes;
  to = std::min(to, out.size());
  if (from < to) {
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(from), out.begin() + static_cast<std::ptrdiff_t>(to),
              std::uint8_t{0});
  }
  return out;
}

}  // namespace

std::vector<Bytes> simpler_bytes(const Bytes& bytes) {
  std::vector<Bytes> out;
  if (bytes.empty()) return out;
  out.emplace_back();
  for (std::size_t size = kEthernet; size < bytes.size(); size *= 2) {
    out.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  }
  if (std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b != 0; })) out.emplace_back(bytes.size());
  return out;
}

std::vector<Bytes> simpler_frames(const Bytes& frame) {
  std::vector<Bytes> out = simpler_bytes(frame);
  const auto add = [&](Bytes version) {
    if (version != frame && std::find(out.begin(), out.end(), version) == out.end()) out.push_back(std::move(version));
  };
  for (const std::size_t end : kEnds) {
    if (end < frame.size()) add(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(end)));
  }
  for (const std::size_t end : kEnds) add(zeroed(frame, end, frame.size()));
  add(zeroed(frame, 0, 6));
  add(zeroed(frame, 6, 12));
  return out;
}

}  // namespace oftwin::harness

#include "properties/explore/vocabulary.h"

#include <algorithm>
#include <cstring>

namespace oftwin::explore {

namespace {

std::uint64_t hash(ByteView bytes) {
  std::uint64_t h = bytes.size() * 0x9e3779b97f4a7c15u;
  std::size_t i = 0;
  // The first bytes of a long message tell it from the others, or nothing does.
  const std::size_t end = std::min<std::size_t>(bytes.size(), 96);
  for (; i + 8 <= end; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    h = (h ^ word) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  for (; i < end; ++i) h = (h ^ bytes[i]) * 0x100000001b3u;
  return h ^ h >> 29;
}

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace

void Vocabulary::add(ByteView bytes, Label label) {
  if (find(bytes)) return;
  bytes_.push_back({Bytes(bytes.begin(), bytes.end()), label});
  if (bytes_.size() * 2 > slots_.size()) return grow();
  std::size_t slot = hash(bytes) % slots_.size();
  while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
  slots_[slot] = static_cast<std::uint32_t>(bytes_.size());
}

void Vocabulary::grow() {
  slots_.assign(slots_.size() * 2, 0);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    std::size_t slot = hash(bytes_[i].value) % slots_.size();
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

void Vocabulary::add(const Match& match, Label label) {
  if (!find(match)) matches_.push_back({match, label});
}

std::optional<std::uint32_t> Vocabulary::find(ByteView bytes) const {
  for (std::size_t slot = hash(bytes) % slots_.size(); slots_[slot] != 0; slot = (slot + 1) % slots_.size()) {
    if (equal(bytes_[slots_[slot] - 1].value, bytes)) return slots_[slot] - 1;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Vocabulary::find(const Match& match) const {
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    // Most differ in the input port, which is looked at first.
    if (matches_[i].value.in_port == match.in_port && matches_[i].value == match) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

}  // namespace oftwin::explore

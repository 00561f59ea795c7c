#include "properties/explore/visited.h"

#include <stdexcept>

namespace oftwin::explore {

Visited::Visited() {
  for (Shard& shard : shards_) shard.slots.resize(256);
}

void Visited::Shard::grow() {
  slots.assign(slots.size() * 2, 0);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::size_t slot = at(i).fingerprint.b & (slots.size() - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (slots.size() - 1);
    slots[slot] = i + 1;
  }
}

Visited::Inserted Visited::insert(const Fingerprint& fingerprint, const Origin& origin) {
  const std::size_t which = fingerprint.a % kShards;
  Shard& shard = shards_[which];
  const std::lock_guard lock(shard.mutex);
  std::size_t slot = fingerprint.b & (shard.slots.size() - 1);
  const auto numbered = [&](std::uint32_t in_shard) {
    return in_shard * static_cast<std::uint32_t>(kShards) + static_cast<std::uint32_t>(which);
  };
  for (; shard.slots[slot] != 0; slot = (slot + 1) & (shard.slots.size() - 1)) {
    const std::uint32_t known = shard.slots[slot] - 1;
    if (shard.at(known).fingerprint == fingerprint) return {numbered(known), false};
  }
  const std::uint32_t number = shard.size;
  if (number >= (1u << 31) / kShards) throw std::length_error("more states than can be numbered");
  if (number % kBlock == 0) shard.blocks.push_back(std::make_unique<Record[]>(kBlock));
  shard.blocks[number / kBlock][number % kBlock] = {fingerprint, origin};
  ++shard.size;
  shard.slots[slot] = number + 1;
  if (static_cast<std::size_t>(shard.size) * 3 > shard.slots.size() * 2) shard.grow();
  return {numbered(number), true};
}

Visited::Record Visited::record(std::uint32_t state) const {
  const Shard& shard = shards_[state % kShards];
  const std::lock_guard lock(shard.mutex);
  return shard.at(state / static_cast<std::uint32_t>(kShards));
}

std::uint64_t Visited::size() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.size;
  }
  return sum;
}

std::uint64_t Visited::bytes() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.blocks.size() * kBlock * sizeof(Record) + shard.slots.size() * sizeof(std::uint32_t);
  }
  return sum;
}

}  // namespace oftwin::explore

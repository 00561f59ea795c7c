// The states that an exploration has been in: for each a fingerprint and the step by which it was first reached.
//
// 24 bytes a state, and 4 bytes for each slot of the index, of which between a third and two thirds are in use: 30 to
// 36 bytes a state. Several threads may insert at once. Invariant: a state's number never changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "properties/explore/fingerprint.h"

namespace oftwin::explore {

inline constexpr std::uint32_t kNoState = 0xffffffff;

// `event` counts the events enabled in the parent, `choice` the ways in which that event can go.
struct Origin {
  std::uint32_t parent = kNoState;
  std::uint16_t event = 0, choice = 0;
};

class Visited {
 public:
  Visited();

  struct Inserted {
    std::uint32_t state;
    bool fresh;  // it has not been there before
  };
  // Throws std::length_error beyond 2^31 states.
  Inserted insert(const Fingerprint& fingerprint, const Origin& origin);
  Origin origin(std::uint32_t state) const { return record(state).origin; }
  Fingerprint fingerprint(std::uint32_t state) const { return record(state).fingerprint; }
  std::uint64_t size() const;
  std::uint64_t bytes() const;

 private:
  static constexpr std::size_t kShards = 64, kBlock = 1 << 12;
  struct Record {
    Fingerprint fingerprint;
    Origin origin;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<std::unique_ptr<Record[]>> blocks;
    std::vector<std::uint32_t> slots;  // number within the shard, plus 1; 0: free
    std::uint32_t size = 0;

    const Record& at(std::uint32_t i) const { return blocks[i / kBlock][i % kBlock]; }
    void grow();
  };
  Record record(std::uint32_t state) const;

  std::array<Shard, kShards> shards_;
};

}  // namespace oftwin::explore

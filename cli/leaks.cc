#include "cli/leaks.h"

#include <execinfo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "cli/lost.h"
#include "cli/memory_shares.h"
#include "harness/lockstep.h"
#include "harness/subject/allocations.h"

namespace oftwin::cli {
namespace {

constexpr std::size_t kPlaces = 3;  // named, those with most bytes

// `where` is an address to return to: the call is before it.
std::string place_of(const void* where) {
  void* const address = const_cast<char*>(static_cast<const char*>(where) - 1);
  char** const symbols = backtrace_symbols(&address, 1);
  const std::string frame = symbols != nullptr ? symbols[0] : "";
  std::free(symbols);
  return frame_named(frame);
}

}  // namespace

Leaks::Leaks(harness::ProviderSubject& provider, std::function<void()> beat)
    : provider_(provider), beat_(std::move(beat)) {
  harness::count_allocations();
}

void Leaks::drive(const SwitchConfig& config, std::span<const Event> events) {
  const harness::Repetition again(provider_);
  ++repetitions_;
  auto divergence = harness::Lockstep(provider_, {}).run(config, events);
  if (divergence && !differing_) differing_ = Repeated{std::move(*divergence), repetitions_};
  beat_();
}

bool Leaks::more_than_ever() {
  provider_.close();
  const std::size_t held = harness::bytes_outstanding();
  if (held <= most_held_) return false;
  most_held_ = held;
  return true;
}

bool Leaks::holds_more(const SwitchConfig& config, std::span<const Event> events) {
  constexpr int times = 4;
  drive(config, events);
  for (int i = 0; i < times; ++i) {
    const std::size_t before = harness::bytes_outstanding();
    drive(config, events);
    if (harness::bytes_outstanding() <= before) return false;
  }
  return true;
}

bool Leaks::maps_more(const SwitchConfig& config, std::span<const Event> events) {
  constexpr int warm_up = 4, screen = 8, window = 100;
  const auto grown_by = [&](int repetitions) -> std::size_t {
    const std::size_t begin = pages_mapped();
    for (int i = 0; i < repetitions; ++i) drive(config, events);
    return std::max(pages_mapped(), begin) - begin;
  };
  grown_by(warm_up);
  if (grown_by(screen) == 0) return false;
  const std::size_t first = grown_by(window), second = grown_by(window);
  return std::min(first, second) >= window && std::min(first, second) * 5 >= std::max(first, second) * 4;
}

std::string Leaks::describe(const SwitchConfig& config, std::span<const Event> events) {
  const std::uint64_t mark = harness::last_block();
  drive(config, events);
  struct Place {
    std::size_t blocks = 0, bytes = 0;
    const char* call = nullptr;
    std::uint64_t first = 0;  // of the blocks
  };
  std::map<const void*, Place> places;
  std::size_t blocks = 0, bytes = 0;
  for (const harness::Allocation& block : harness::blocks_after(mark)) {
    Place& place = places[block.where];
    ++place.blocks, ++blocks;
    place.bytes += block.bytes, bytes += block.bytes;
    if (place.first == 0) place.call = block.call, place.first = block.number;
  }
  std::vector<std::pair<const void*, Place>> largest(places.begin(), places.end());
  std::ranges::sort(largest, [](const auto& a, const auto& b) {
    return std::pair(b.second.bytes, a.second.first) < std::pair(a.second.bytes, b.second.first);
  });
  std::string out = fmt::format("{} bytes in {} blocks that were allocated and not freed:\n", bytes, blocks);
  for (std::size_t i = 0; i < std::min(kPlaces, largest.size()); ++i) {
    const auto& [where, place] = largest[i];
    out +=
        fmt::format("    {} bytes in {} blocks, allocated in {}, {}\n", place.bytes, place.blocks,
                    place.call != nullptr ? fmt::format("{}()", place.call) : "a thread of its own", place_of(where));
  }
  return out;
}

}  // namespace oftwin::cli

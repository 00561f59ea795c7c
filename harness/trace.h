// A trace: the switch it is about, events, and what is expected to come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::harness {

// One block of the text: inputs, then everything that comes out, as canonical lines (see print_observation). `expected`
// is nullopt when the trace says nothing about this block. `last` is the index of the block's last event (a Loop,
// unless the text says `loop hold`; the implicit one that ends a block lets the loop settle).
struct Block {
  std::size_t first = 0, last = 0;
  std::optional<std::vector<std::string>> expected;
  // Labelled sections: another subject's known, accepted difference.
  struct Labelled {
    std::string subject, clause, reason;
    std::vector<std::string> expected;
    bool operator==(const Labelled&) const = default;
  };
  std::vector<Labelled> labelled;
  std::uint32_t line = 0;  // of the first input, 1-based; not part of equality
  bool operator==(const Block& o) const {
    return first == o.first && last == o.last && expected == o.expected && labelled == o.labelled;
  }
};

// A Loop runs at most this often, in every form of a trace, so that no trace takes for ever.
inline constexpr std::uint32_t kMaxIterations = 65535;

// What settings can say, in every form of a trace.
inline constexpr std::size_t kMaxControllers = 64, kMaxRemotes = 16;
inline constexpr std::size_t kMaxDescription = 1024;  // bytes; more than is ever shown
inline constexpr std::uint64_t kMaxMac = 0xffffffffffff;

struct Trace {
  std::vector<std::string> comments;   // of the head, without "# "
  std::vector<std::string> clauses;    // that the model must hit
  std::optional<std::string> edition;  // "ovs-2011", or a list of errata; default: corrected
  unsigned shown = 0;                  // extra channels in expectations (bits), e.g. alloc, wake, progress
  SwitchConfig config;
  std::vector<Event> events;  // ids of all but Loops ascend
  std::vector<Block> blocks;  // partition the events
  bool operator==(const Trace&) const = default;
};

}  // namespace oftwin::harness

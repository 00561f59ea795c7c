// Memory that a provider does not give back (PROV-12).
//
// What it takes through malloc is counted block by block (harness/subject/allocations.h), so one trace, driven a few
// times, says for certain whether more is held each time. What it maps from the system by itself shows only in the size
// of the process, to which others add: that is looked at for long, now and then, and is as certain as statistics are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cli/memory_shares.h"
#include "harness/lockstep.h"
#include "harness/subject/provider.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::cli {

class Leaks {
 public:
  struct Repeated {
    harness::Divergence divergence;
    std::uint64_t repetition = 0;  // at which it showed, counted from 1 in this process
  };

  // `beat` is called whenever something has been done. Both outlive this. Counting begins.
  Leaks(harness::ProviderSubject& provider, std::function<void()> beat);

  // A trace has been driven; its switch comes to its end. True: more is held than ever, which may be nothing but a
  // cache, or the provider's first look around.
  bool more_than_ever();
  // Whether more is held each time that this is driven.
  bool holds_more(const SwitchConfig& config, std::span<const Event> events);
  // Of what the process has taken since the beginning: whether the provider has the smaller part.
  bool host_took_most() const { return shares_.host_took_most(); }
  // Whether the process has more address space each time.
  bool maps_more(const SwitchConfig& config, std::span<const Event> events);

  // What the contract or the model had to say while a trace was repeated, the first of it; and once only.
  std::optional<Repeated> take_differing() { return std::exchange(differing_, std::nullopt); }

  // After holds_more(): how much it is, and where it was allocated.
  std::string describe(const SwitchConfig& config, std::span<const Event> events);

 private:
  void drive(const SwitchConfig& config, std::span<const Event> events);

  harness::ProviderSubject& provider_;
  const std::function<void()> beat_;
  const MemoryShares shares_;
  std::size_t most_held_ = 0;      // bytes
  std::uint64_t repetitions_ = 0;  // of all traces, in this process
  std::optional<Repeated> differing_;
};

}  // namespace oftwin::cli

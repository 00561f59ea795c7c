// Memory that a provider does not give back (PROV-12).
//
// What it takes through malloc is counted block by block (harness/subject/allocations.h), so one trace, driven a few
// times, says for certain whether more is held each time. What it maps from the system by itself shows only in the size
// of the process, to which others add: that is looked at for long, now and then, and is as certain as statistics are.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "harness/subject/provider.h"
#include "spec/config.h"
#include "spec/event.h"

namespace oftwin::cli {

class Leaks {
 public:
  // `beat` is called whenever something has been done. Both outlive this. Counting begins.
  Leaks(harness::ProviderSubject& provider, std::function<void()> beat);

  // A trace has been driven; its switch comes to its end. True: more is held than ever, which may be nothing but a
  // cache, or the provider's first look around.
  bool more_than_ever();
  // Whether more is held each time that this is driven.
  bool holds_more(const SwitchConfig& config, std::span<const Event> events);
  // Whether the process has more address space each time.
  bool maps_more(const SwitchConfig& config, std::span<const Event> events);

  // After holds_more(): how much it is, and where it was allocated.
  std::string describe(const SwitchConfig& config, std::span<const Event> events);

 private:
  void drive(const SwitchConfig& config, std::span<const Event> events);

  harness::ProviderSubject& provider_;
  const std::function<void()> beat_;
  std::size_t most_held_ = 0;  // bytes
};

}  // namespace oftwin::cli

// What a provider has allocated and not given back, block by block: malloc of the whole process goes through here.
//
// A block is the provider's if it was allocated while the provider was being called (and not in what the host does for
// it in between), or in another thread than the host's. So what its language's library allocates on its behalf counts,
// too; what it maps from the system by itself does not. Invariant: nothing is kept of blocks that are not the
// provider's, and nothing at all before count_allocations().
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <vector>

namespace oftwin::harness {

// False in a build with a sanitizer, which has malloc for itself. (One that is only preloaded does not matter.)
bool can_count_allocations();
// From now on, in this process; the calling thread is the host's.
void count_allocations();

// Whether it is the provider's code that runs in this thread.
bool provider_runs();

// As long as one of them lives, code of the provider runs, or the host's. (Where an exception ends it, what ran last is
// still known: the process is about to end, and will be asked whose exception it was.)
class ProviderRuns {
 public:
  explicit ProviderRuns(const char* call);
  ~ProviderRuns();
  ProviderRuns(const ProviderRuns&) = delete;
  ProviderRuns& operator=(const ProviderRuns&) = delete;

 private:
  const char* const before_;
  const int exceptions_ = std::uncaught_exceptions();
};
class HostRuns : private ProviderRuns {
 public:
  HostRuns() : ProviderRuns(nullptr) {}
};

struct Allocation {
  std::size_t bytes = 0;
  const char* call = nullptr;   // of the provider, in which it was allocated; nullptr: none, in another thread
  const void* where = nullptr;  // the code that asked for it
  std::uint64_t number = 0;     // counts up from 1
};

std::size_t bytes_outstanding();
std::uint64_t last_block();
// Those with higher numbers that have not been given back, in their order.
std::vector<Allocation> blocks_after(std::uint64_t number);

}  // namespace oftwin::harness

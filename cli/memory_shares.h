// Who has taken the memory that a process with a provider in it has no more of: the provider, or what lies around it.
#pragma once

#include <cstddef>

namespace oftwin::cli {

// From its making on. What is taken through malloc while the provider is not called is the host's; all other growth of
// the process, what a provider maps by itself included, is the provider's.
class MemoryShares {
 public:
  MemoryShares();
  bool host_took_most() const;

 private:
  std::size_t pages_before_, host_before_;  // host_before_: bytes
};

// Address space of this process.
std::size_t pages_mapped();

}  // namespace oftwin::cli

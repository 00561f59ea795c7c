#include "cli/memory_shares.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "harness/subject/allocations.h"

namespace oftwin::cli {
namespace {

// Through malloc, and not the provider's.
std::size_t bytes_of_the_host() {
  const struct mallinfo2 all = mallinfo2();
  const std::size_t taken = all.uordblks + all.hblkhd, providers = harness::bytes_outstanding();
  return std::max(taken, providers) - providers;
}

}  // namespace

std::size_t pages_mapped() {
  unsigned long long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(f, "%llu", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  return static_cast<std::size_t>(pages);
}

MemoryShares::MemoryShares() : pages_before_(pages_mapped()), host_before_(bytes_of_the_host()) {}

bool MemoryShares::host_took_most() const {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t taken = (std::max(pages_mapped(), pages_before_) - pages_before_) * page;
  const std::size_t by_host = std::max(bytes_of_the_host(), host_before_) - host_before_;
  return by_host >= taken / 2;
}

}  // namespace oftwin::cli

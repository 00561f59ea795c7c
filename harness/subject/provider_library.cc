#include "harness/subject/provider_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace oftwin::harness {

namespace {

// What minor version 0 had.
constexpr std::size_t kFirstSize = offsetof(oft_provider, set_eviction_threshold);

struct Member {
  const char* name;
  std::size_t offset;
};
#define OFT_MEMBER(name) \
  Member { #name, offsetof(oft_provider, name) }
constexpr Member kNeeded[] = {OFT_MEMBER(attach),         OFT_MEMBER(destruct),      OFT_MEMBER(run),
                              OFT_MEMBER(run_at),         OFT_MEMBER(rule_alloc),    OFT_MEMBER(rule_construct),
                              OFT_MEMBER(rule_destruct),  OFT_MEMBER(rule_dealloc),  OFT_MEMBER(rule_modify_actions),
                              OFT_MEMBER(rule_get_stats), OFT_MEMBER(rule_execute),  OFT_MEMBER(packet_out),
                              OFT_MEMBER(get_table_info), OFT_MEMBER(get_ports),     OFT_MEMBER(port_reconfigured),
                              OFT_MEMBER(get_drop_frags), OFT_MEMBER(set_drop_frags)};
#undef OFT_MEMBER

}  // namespace

oft_provider usable_table(const oft_provider* given) {
  if (given == nullptr) throw ProviderRefused("oft_provider_get() returned NULL");
  if (given->abi_major != OFT_PROVIDER_ABI_MAJOR) {
    throw ProviderRefused(fmt::format("it was built for major version {} of provider.h, and this is version {}.{}",
                                      given->abi_major, OFT_PROVIDER_ABI_MAJOR, OFT_PROVIDER_ABI_MINOR));
  }
  if (given->abi_minor > OFT_PROVIDER_ABI_MINOR) {
    throw ProviderRefused(fmt::format("it was built for version {}.{} of provider.h, and this knows no more than {}.{}",
                                      given->abi_major, given->abi_minor, OFT_PROVIDER_ABI_MAJOR,
                                      OFT_PROVIDER_ABI_MINOR));
  }
  if (given->size < kFirstSize || given->size % sizeof(void*) != 0) {
    throw ProviderRefused(
        fmt::format("the size of its table is {}, and no version of provider.h had such a size", given->size));
  }
  oft_provider table{};
  std::memcpy(&table, given, std::min<std::size_t>(given->size, sizeof table));
  table.size = sizeof table;
  for (const Member& member : kNeeded) {
    void* function = nullptr;
    std::memcpy(&function, reinterpret_cast<const char*>(&table) + member.offset, sizeof function);
    if (function == nullptr)
      throw ProviderRefused(fmt::format("its {}() is NULL, and that is not optional", member.name));
  }
  if ((table.test_inject == nullptr) != (table.test_set_ports == nullptr)) {
    throw ProviderRefused("of test_set_ports() and test_inject() it has one and not the other");
  }
  return table;
}

ProviderLibrary::ProviderLibrary(const std::string& path) {
  // A bare name is a file here, not one that the system looks for somewhere.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw ProviderRefused(fmt::format("{}: {}", path, dlerror()));
  const auto get = reinterpret_cast<oft_provider_get_fn>(dlsym(library_, "oft_provider_get"));
  try {
    if (get == nullptr) throw ProviderRefused("it exports no oft_provider_get()");
    table_ = usable_table(get());
    if (table_.create == nullptr) throw ProviderRefused("its create() is NULL, and a library needs one");
  } catch (const ProviderRefused& why) {
    dlclose(library_);
    throw ProviderRefused(fmt::format("{}: {}", path, why.what()));
  }
}

ProviderLibrary::~ProviderLibrary() { dlclose(library_); }

}  // namespace oftwin::harness

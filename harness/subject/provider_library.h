// A provider in a shared library: loaded, its version looked at, and its table brought to today's size.
//
// Loading runs the library's code, so it belongs into the process that may be lost with it.
#pragma once

#include <stdexcept>
#include <string>

#include "impl/provider.h"

namespace oftwin::harness {

// The library cannot be used; what() says why, for the person who built it.
class ProviderRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A table as the provider gives it out, of whatever version: checked, and copied so that members which it does not have
// yet are NULL. throws ProviderRefused.
oft_provider usable_table(const oft_provider* given);

class ProviderLibrary {
 public:
  // throws ProviderRefused.
  explicit ProviderLibrary(const std::string& path);
  ~ProviderLibrary();
  ProviderLibrary(const ProviderLibrary&) = delete;
  ProviderLibrary& operator=(const ProviderLibrary&) = delete;

  const oft_provider& table() const { return table_; }

 private:
  void* library_ = nullptr;
  oft_provider table_{};
};

}  // namespace oftwin::harness

#include "harness/built_in.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace oftwin::harness {

std::string_view built_in(std::string_view path) {
  const auto all = built_in();
  const auto it = std::find_if(all.begin(), all.end(), [&](const BuiltIn& b) { return b.path == path; });
  if (it == all.end()) throw std::out_of_range("no text is built in for " + std::string(path));
  return it->text;
}

}  // namespace oftwin::harness

// Which oftwin this is. The build writes it (cmake/version.cmake).
#pragma once

#include <string_view>

namespace oftwin::cli {

// "oftwin 0.1.0 (4ba8f54)": with the commit that it was built from, "-dirty" if the tree had changes, nothing in
// brackets where the sources are not in git.
std::string_view version();

}  // namespace oftwin::cli

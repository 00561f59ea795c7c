// Text inside XML and HTML, and numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace oftwin::harness {

// For contents and for attributes in double quotes. Control characters, which XML does not know, become `?`.
std::string escaped_xml(std::string_view text);

std::string grouped(std::uint64_t n);  // 1,234,567

}  // namespace oftwin::harness

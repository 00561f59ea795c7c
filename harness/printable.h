// Text that may hold anything, for people's terminals: a name in a trace, a file's name, a provider's last words.
//
// A terminal obeys control bytes, so none of them leaves here but line feed and tab. What is valid UTF-8 and no control
// character stays as it is. Everything else becomes \{1b}, byte by byte, and a backslash that stands before a brace
// becomes \{5c}, so that two different texts never look alike, and what an escape stands for can be read back.
#pragma once

#include <string>
#include <string_view>

namespace oftwin::harness {

// To be used once, on the way out: a second time would escape the escapes. Nothing changes in what print_trace() makes,
// comments apart: a trace that is shown can be pasted.
std::string printable(std::string_view text);

// The length of the valid UTF-8 sequence that begins here, in bytes; 0: there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace oftwin::harness

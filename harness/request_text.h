// Controller messages as words, both ways; print_request() is in harness/print.h.
#pragma once

#include <optional>
#include <string_view>

#include "harness/request.h"
#include "harness/words.h"

namespace oftwin::harness {

// The message called `name`, its fields from `words`, all of which are taken; nullopt if no message has that name. The
// xid is 0. Throws SyntaxError.
std::optional<Request> parse_request(std::string_view name, Words& words);

}  // namespace oftwin::harness

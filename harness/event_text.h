// One input line of a trace as an event; print_event() is in harness/print.h.
#pragma once

#include <cstdint>

#include "harness/words.h"
#include "spec/bytes.h"
#include "spec/event.h"

namespace oftwin::harness {

// What comes after the id, if there is one. Takes all words. Throws SyntaxError.
EventBody parse_event(Words& words, std::uint32_t id);

// What stands behind the connection's name, or behind the `+` of a further message: `barrier_request`, `bytes 01 0e`.
Bytes parse_message(Words& words, std::uint32_t usual_xid);

}  // namespace oftwin::harness

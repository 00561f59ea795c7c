// The door through which every message of a controller goes.
#pragma once

#include "impl/core.h"

namespace oftwin::impl {

// What became of a request: answered or done, refused with an error, or postponed without a trace.
struct Verdict {
  bool postponed = false;
  Error error;
};
inline constexpr Verdict kDone{};
inline constexpr Verdict kPostpone{true, {}};
inline Verdict refuse(Error error) { return {false, error}; }

// `message` is whole. Returns false if it was postponed. The connection may be down afterwards.
bool handle_message(Core& core, Connection& conn, ByteView message);

}  // namespace oftwin::impl

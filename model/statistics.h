// Statistics requests.
#pragma once

#include "model/decode.h"
#include "model/turn.h"

namespace oftwin::model {

// kind: one of the *_stats kinds
Verdict handle_statistics(Turn& turn, Connection& conn, const Message& message, MessageKind kind);

}  // namespace oftwin::model

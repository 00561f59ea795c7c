// Which handler a message goes to.
#pragma once

#include "model/turn.h"

namespace oftwin::model {

Verdict handle_message(Turn& turn, Connection& conn, const Message& message);

}  // namespace oftwin::model

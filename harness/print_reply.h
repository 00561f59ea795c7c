// Switch-to-controller messages as lines.
#pragma once

#include <string>

#include "harness/print.h"

namespace oftwin::harness {

// One line, or one for each record of a statistics reply (`none` if there is none; `more` ends a part that is not the
// last). What cannot be read as the message that its type says is `bytes ..`: nothing is lost in either form.
std::string print_reply(ConnName conn, ByteView message, const Naming& naming);

}  // namespace oftwin::harness

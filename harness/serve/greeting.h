// The first words of a session: HELLO from both sides, before the switch hears anything. source: OpenFlow 1.0 section
// 5.5.1; OpenFlow 1.3.1 section 7.5.1 for HELLOs that list versions
#pragma once

#include <string>

#include "spec/bytes.h"

namespace oftwin::harness {

// What the switch says first.
Bytes hello();

struct Greeting {
  Bytes refusal;    // what to send before closing; empty: both can speak OpenFlow 1.0, if the message is whole
  std::string why;  // of the refusal, in words
};

// `message`: the first that came, at least its header.
Greeting answer_greeting(ByteView message);

}  // namespace oftwin::harness

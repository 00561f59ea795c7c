// What the switch itself is told, as text: `switch set probe_interval=5`, `switch controllers c1 c2`, `switch
// hidden_add priority=70000 in_port=1 actions=output:2`. Part of harness/event_text.h and harness/print.h.
#pragma once

#include <string>

#include "harness/words.h"
#include "spec/event.h"

namespace oftwin::harness {

// Behind the word `switch`.
EventBody parse_switch_event(Words& words);

std::string print_hidden(const event::HiddenAdd& e);
std::string print_hidden(const event::HiddenDel& e);
std::string print_setting(const event::SetControllers& e);
std::string print_setting(const event::Set& e);
std::string print_setting(const event::Describe& e);
std::string print_setting(const event::InBand& e);

}  // namespace oftwin::harness

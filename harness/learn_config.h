// What a switch is like, taken from its own replies.
//
// Invariant: only what the reply says changes; what is too short to be read is left out.
#pragma once

#include "spec/bytes.h"
#include "spec/config.h"

namespace oftwin::harness {

// A port's description, of 48 bytes.
PortConfig learn_port(ByteView description);
// A features reply, whole, of at least 32 bytes: datapath id, numbers of buffers and tables, capabilities, ports.
void learn_features(ByteView message, SwitchConfig& config);
// The body of a table statistics reply: names, wildcards, sizes. Tables that the features do not count are passed over.
void learn_tables(ByteView body, SwitchConfig& config);
// The body of a description reply, of 1056 bytes.
void learn_description(ByteView body, Description& out);

}  // namespace oftwin::harness

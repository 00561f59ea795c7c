// What the recorded switch does with moves and loads where a switch of 2011 refuses them (label writable-fields):
// fields that no action of the law writes, and what becomes of them in the frame.
#pragma once

#include <cstddef>
#include <optional>

#include "model/action.h"
#include "spec/bytes.h"
#include "spec/match.h"

namespace oftwin::harness {

// Whether it is a move or load from or to a TCP or UDP port. action: one whole action
bool names_port(ByteView action);

// Does a move or load to an IPv6 address, which the model cannot; false: it is none such. action: one whole action
bool write_address(model::Packet& packet, ByteView action);

// Puts into the frame what of ARP, or of the addresses of IPv6, differs from `was`; false: nothing does. at: where that
// header begins
bool write_network(Bytes& frame, std::size_t at, const FlowKey& was, const FlowKey& is);

}  // namespace oftwin::harness

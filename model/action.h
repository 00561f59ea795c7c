// Actions: which lists are right, and what they do to a packet.
//
// An action list does not touch the frame: it changes what the packet's fields *shall* be. When the packet goes out (to
// a port or to the controller), the fields that differ are written, as far as the frame can hold them. Invariant:
// `written` is `wanted` as it was when the frame was written last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/packet.h"
#include "model/state.h"
#include "spec/bytes.h"
#include "spec/error.h"
#include "spec/openflow.h"

namespace oftwin::model {

// What is known of the packets that a list is for; 0: nothing. Fields of some layers can be named only where these are.
struct Layers {
  std::uint16_t dl_type = 0;
  std::uint8_t nw_proto = 0;
};

// The error of the first action that is wrong. Any bytes will do.
Error validate_actions(ByteView actions, Layers layers, Clauses& hit);

// A packet on its way through action lists. Header offsets count from the end of the frame, where pushing and removing
// a tag moves nothing.
struct Packet {
  Bytes frame;
  FlowKey written, wanted;
  std::optional<std::size_t> ipv4_from_end, transport_from_end;
  std::size_t length = 0;      // of the frame as it came
  bool ports_missing = false;  // see Headers
  std::optional<Headers::Arp> whole_arp;
  std::optional<std::uint32_t> queue;  // of the ports that it goes out on
  std::uint32_t resubmissions = 0, copies = 0;
};

// frame: at least kEthernetHeader bytes
Packet packet_of(ByteView frame, std::uint16_t in_port, std::uint64_t tun_id, Clauses& hit);

// Does what an action other than those of output_of and of resubmissions does; those change nothing. action: one whole
// action of a list that validate_actions accepts.
void apply(Packet& packet, ByteView action, const std::vector<Port>& ports, Clauses& hit);
void set_queue(Packet& packet, std::uint32_t queue, Clauses& hit);

// Makes the frame hold what it shall.
void write(Packet& packet, Clauses& hit);

// Takes the first action off the front of a list that validate_actions accepts.
struct Output {
  std::uint16_t port = 0;              // OFPP_*
  std::uint16_t max_len = 0;           // to the controller
  std::optional<std::uint32_t> queue;  // for this output
};
ByteView take_action(ByteView& actions);
std::optional<Output> output_of(ByteView action, const std::vector<Port>& ports, Clauses& hit);  // nullopt: no output

bool is_nicira(ByteView action);
bool is_output_port(std::uint64_t port);  // that an output may name
inline Error bad_action(OfpBadActionCode code) { return openflow_error(OFPET_BAD_ACTION, code); }

}  // namespace oftwin::model

// Connections: their streams, what is sent on them, and one connection's share of an iteration.
//
// Invariant: nothing overtakes a postponed message. A session's end is noticed by reading or by sending, never before.
#pragma once

#include <optional>
#include <vector>

#include "model/turn.h"
#include "spec/bytes.h"

namespace oftwin::model {

inline constexpr int kMostMessages = 50;  // of one connection in one iteration
inline constexpr std::uint32_t kMostUnsentPacketIns = 100;

Connection make_connection(const State& state, ConnName name, Link link);
// The switch's side of the session ends. What the connection has started stays with it until its next turn.
void end_session(Turn& turn, Connection& conn);
// The connection is gone at once, and the sessions of those that snoop on it are over.
void destroy_connection(Turn& turn, ConnName name);

// What the peers do.
void open_connection(Turn& turn, ConnName name);
void close_connection(Turn& turn, ConnName name);
void stall_connection(Turn& turn, ConnName name, bool stalled);
void receive(Turn& turn, std::uint32_t event, ConnName name, ByteView bytes);

// A reply counts towards the limit of unsent ones, an unasked message does not.
void send_reply(Turn& turn, Connection& conn, Bytes message);
// False if the session is over.
bool send_unasked(Turn& turn, Connection& conn, Bytes message);
// ... and a packet-in towards one of its own.
void send_packet_in(Turn& turn, Connection& conn, Bytes message);
// error: any; what OpenFlow cannot express is mapped (spec/errors.md).
void send_error(Turn& turn, Connection& conn, Error error, ByteView request);

// Every connection does its transport work and, unless the switch is flushing, handles messages. Appends those that
// have come up.
void run_connections(Turn& turn, std::vector<ConnName>& up);
void accept_connections(Turn& turn, std::vector<ConnName>& up);

// When the connection's peer has been silent for so long that the switch must do something.
std::optional<std::uint64_t> silence_due_ms(const Connection& conn);

// There is something to read, and it may be read.
bool can_proceed(const State& state, const Connection& conn);

}  // namespace oftwin::model

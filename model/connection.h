// Connections: their streams, what is sent on them, and one connection's share of an iteration.
//
// Invariant: nothing overtakes a postponed message. A session's end is noticed by reading or by sending, never before.
#pragma once

#include <vector>

#include "model/turn.h"
#include "spec/bytes.h"

namespace oftwin::model {

inline constexpr int kMostMessages = 50;  // of one connection in one iteration
inline constexpr std::uint32_t kMostUnsentReplies = 100;

Connection make_connection(ConnName name, Link link);

// What the peers do.
void open_connection(Turn& turn, ConnName name);
void close_connection(Turn& turn, ConnName name);
void stall_connection(Turn& turn, ConnName name, bool stalled);
void receive(Turn& turn, std::uint32_t event, ConnName name, ByteView bytes);

// A reply counts towards the limit of unsent ones, an unasked message does not.
void send_reply(Turn& turn, Connection& conn, Bytes message);
void send_unasked(Turn& turn, Connection& conn, Bytes message);
// error: any; what OpenFlow cannot express is mapped (spec/errors.md).
void send_error(Turn& turn, Connection& conn, Error error, ByteView request);

// Every connection does its transport work and, unless the switch is flushing, handles messages. Appends those that
// have come up.
void run_connections(Turn& turn, std::vector<ConnName>& up);
void accept_connections(Turn& turn, std::vector<ConnName>& up);

// There is something to read, and it may be read.
bool can_proceed(const State& state, const Connection& conn);

}  // namespace oftwin::model

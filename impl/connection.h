// Connections: transport, serving messages, postponement and retry.
#pragma once

#include "impl/core.h"

namespace oftwin::impl {

std::unique_ptr<Connection> make_connection(const Core& core, ConnName name);
Connection* find_connection(Core& core, ConnName name);

// One connection's turn in an iteration; false: it is gone and must be taken off the list.
bool serve(Core& core, Connection& conn);
// Whether serve() would do something without waiting.
bool has_work(const Core& core, const Connection& conn);
// Makes the connections that arrived part of the list, and reports those that came up in this iteration.
void accept_arrivals(Core& core);

// The switch's side of the session ends: nothing more is sent or read. A postponed message still has the connection's
// next turn; then it is discarded, and groups forget the connection. The bytes themselves stay until the next session,
// because a message may be in the middle of being handled.
void drop(Core& core, Connection& conn);

// The connection goes at once, and the sessions of those that snoop on it are over. It is still on the list.
void destroy_connection(Core& core, Connection& conn);

// When the connection will have been silent for too long; OFT_NEVER: never.
std::uint64_t silent_at_ms(const Connection& conn);
// The peer has given a sign of life.
void heard(const Core& core, Connection& conn);

// Sends core.out. reply: counted against a peer that does not read.
void send_reply(Core& core, Connection& conn);
void send_unasked(Core& core, Connection& conn);
// A packet-in, of which only so many are queued to a peer that does not read.
void send_limited(Core& core, Connection& conn);
void send_error(Core& core, Connection& conn, ByteView request, Error error);

// Lets every connection present its postponed message again.
void raise_retry(Core& core);

}  // namespace oftwin::impl

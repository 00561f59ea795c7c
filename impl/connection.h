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

// Sends core.out. reply: counted against a peer that does not read.
void send_reply(Core& core, Connection& conn);
void send_unasked(Core& core, Connection& conn);
void send_error(Core& core, Connection& conn, ByteView request, Error error);

// Lets every connection present its postponed message again.
void raise_retry(Core& core);

}  // namespace oftwin::impl

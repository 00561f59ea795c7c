// Which handler a message goes to, and the handlers that have a file of their own.
//
// Invariant: a message is handled only after decode's recognise() has accepted its length.
#pragma once

#include "model/turn.h"

namespace oftwin::model {

Verdict handle_message(Turn& turn, Connection& conn, const Message& message);

Verdict handle_flow_mod(Turn& turn, Connection& conn, const Message& message);
Verdict handle_desc_stats(Turn& turn, Connection& conn, const Message& message);
Verdict handle_flow_stats(Turn& turn, Connection& conn, const Message& message);
Verdict handle_aggregate_stats(Turn& turn, Connection& conn, const Message& message);
Verdict handle_table_stats(Turn& turn, Connection& conn, const Message& message);
Verdict handle_port_stats(Turn& turn, Connection& conn, const Message& message);
Verdict handle_queue_stats(Turn& turn, Connection& conn, const Message& message);

}  // namespace oftwin::model

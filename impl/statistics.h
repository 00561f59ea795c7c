// Statistics requests; replies of several parts where one message cannot hold all.
#pragma once

#include "impl/dispatch.h"

namespace oftwin::impl {

Verdict handle_desc_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_flow_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_aggregate_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_table_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_port_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_queue_stats(Core& core, Connection& conn, ByteView message);
Verdict handle_queue_get_config(Core& core, Connection& conn, ByteView message);

}  // namespace oftwin::impl

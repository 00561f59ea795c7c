// Who is told, and what. A primary is told unless it is slave, a service connection when its miss-send length is
// above 0; port-status goes to slaves, too.
#include "impl/async.h"

#include <algorithm>

#include "impl/connection.h"
#include "impl/encode.h"

namespace oftwin::impl {

namespace {

// Accepted when it comes back, but stands for no packet.
constexpr std::uint32_t kNullBuffer = 0xffffff00;

bool wants_async(const Connection& conn) {
  if (!conn.up) return false;
  return conn.primary() ? conn.role != NX_ROLE_SLAVE : conn.miss_send_len > 0;
}

}  // namespace

void send_flow_removed(Core& core, const Rule& rule, std::uint8_t reason) {
  if (rule.hidden() || rule.face.send_flow_removed == 0) return;
  FlowRemoved removed{&rule.match,
                      rule.face.cookie,
                      static_cast<std::uint16_t>(rule.priority),
                      reason,
                      core.now_ms - rule.face.created_ms,
                      rule.face.idle_timeout,
                      0,
                      0};
  core.provider.rule_get_stats(core.instance, &rule.face, &removed.packets, &removed.bytes);
  for (const auto& conn : core.connections) {
    if (!wants_async(*conn)) continue;
    if (conn->flow_format == NXFF_NXM) {
      encode_nx_flow_removed(core.out, removed);
    } else {
      encode_flow_removed(core.out, removed);
    }
    send_reply(core, *conn);
  }
}

void send_packet_in(Core& core, std::uint16_t in_port, ByteView frame, std::uint8_t reason, std::size_t send_len) {
  for (const auto& conn : core.connections) {
    if (!wants_async(*conn)) continue;
    PacketIn in{OFP_NO_BUFFER, in_port, reason, frame, frame.size()};
    if (reason == OFPR_ACTION) {
      in.shown = send_len;
    } else if (core.fail_open.active) {
      in.buffer_id = kNullBuffer;
    } else if (conn->buffers) {
      in.buffer_id = conn->buffers->save(frame, in_port, core.now_ms);
    }
    if (in.buffer_id != OFP_NO_BUFFER) in.shown = conn->miss_send_len;
    encode_packet_in(core.out, in);
    send_limited(core, *conn);
  }
}

void send_port_status(Core& core, std::uint8_t reason, const oft_port& port) {
  for (const auto& conn : core.connections) {
    if (!conn->up || !(conn->primary() || conn->miss_send_len > 0)) continue;
    encode_port_status(core.out, reason, port);
    send_unasked(core, *conn);
  }
}

}  // namespace oftwin::impl

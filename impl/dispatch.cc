// Recognizes a message and hands it to its area; the short ones are answered here.
#include "impl/dispatch.h"

#include "impl/connection.h"
#include "impl/decode.h"
#include "impl/encode.h"
#include "impl/errors.h"
#include "impl/flow_mod.h"
#include "impl/ports.h"
#include "impl/statistics.h"
#include "impl/wire.h"

namespace oftwin::impl {

namespace {

std::uint32_t xid_of(ByteView m) { return get<wire::header::xid>(m.data()); }
bool slave(const Connection& conn) { return conn.primary() && conn.role == NX_ROLE_SLAVE; }

Verdict handle_echo(Core& core, Connection& conn, ByteView m) {
  core.out.assign(m.begin(), m.end());
  put<wire::header::type>(core.out.data(), OFPT_ECHO_REPLY);
  send_reply(core, conn);
  return kDone;
}

Verdict handle_features(Core& core, Connection& conn, ByteView m) {
  const FeaturesReply features{core.datapath_id, core.config.n_buffers, core.config.capabilities, core.config.actions,
                               static_cast<std::uint8_t>(core.tables.size())};
  encode_features(core.out, xid_of(m), features, core.ports);
  send_reply(core, conn);
  return kDone;
}

Verdict handle_get_config(Core& core, Connection& conn, ByteView m) {
  const bool drop_fragments = core.provider.get_drop_frags(core.instance) != 0;
  encode_config(core.out, xid_of(m), drop_fragments, conn.miss_send_len);
  send_reply(core, conn);
  return kDone;
}

Verdict handle_set_config(Core& core, Connection& conn, ByteView m) {
  const unsigned fragments = get<wire::switch_config::flags>(m.data()) & OFPC_FRAG_MASK;
  if (conn.primary() && !slave(conn) && (fragments == OFPC_FRAG_NORMAL || fragments == OFPC_FRAG_DROP)) {
    core.provider.set_drop_frags(core.instance, fragments == OFPC_FRAG_DROP ? 1 : 0);
  }
  conn.miss_send_len = get<wire::switch_config::miss_send_len>(m.data());
  return kDone;
}

Verdict handle_barrier(Core& core, Connection& conn, ByteView m) {
  if (conn.groups != nullptr) return kPostpone;
  start_message(core.out, OFPT_BARRIER_REPLY, xid_of(m), wire::header::size);
  send_reply(core, conn);
  return kDone;
}

Verdict handle_packet_out(Core& core, Connection& conn, ByteView m) {
  if (slave(conn)) return refuse(kEperm);
  PacketOut out;
  if (const Error error = decode_packet_out(m, &out)) return refuse(error);
  const bool reserved = out.in_port >= OFPP_MAX && out.in_port != OFPP_LOCAL && out.in_port != OFPP_NONE;
  if (reserved && out.in_port != OFPP_CONTROLLER) return refuse(kBadInPort);
  if (out.buffer_id != OFP_NO_BUFFER) {
    if (!conn.buffers) return refuse(kBufferUnknown);
    const PacketBuffers::Retrieved got = conn.buffers->retrieve(out.buffer_id, core.frame);
    if (got.error || !got.packet) return refuse(got.error);
    out.frame = core.frame;
  }
  const Raised packets(core.packets_welcome);
  return refuse(from_provider(core.provider.packet_out(core.instance, out.in_port, out.frame.data(), out.frame.size(),
                                                       out.actions.data(), out.actions.size())));
}

void set_role(Core& core, Connection& conn, std::uint32_t role) {
  if (role == NX_ROLE_MASTER) {
    for (const auto& other : core.connections) {
      if (other->role == NX_ROLE_MASTER) other->role = NX_ROLE_SLAVE;
    }
  }
  conn.role = role;
}

Verdict handle_role(Core& core, Connection& conn, ByteView m) {
  if (!conn.primary()) return refuse(kEperm);
  const std::uint32_t role = get<wire::nx_role::role>(m.data());
  if (role != NX_ROLE_OTHER && role != NX_ROLE_MASTER && role != NX_ROLE_SLAVE) return refuse(kBadRole);
  if (role != conn.role && conn.groups != nullptr) return kPostpone;
  set_role(core, conn, role);
  encode_role_reply(core.out, xid_of(m), role);
  send_reply(core, conn);
  return kDone;
}

Verdict handle_flow_mod_table_id(Connection& conn, ByteView m) {
  conn.flow_mod_table_id = get<wire::nx_flow_mod_table_id::set>(m.data()) != 0;
  return kDone;
}

Verdict handle_set_flow_format(Connection& conn, ByteView m) {
  const std::uint32_t format = get<wire::nx_set_flow_format::format>(m.data());
  if (format != NXFF_OPENFLOW10 && format != NXFF_NXM) return refuse(kEperm);
  if (format != conn.flow_format && conn.groups != nullptr) return kPostpone;
  conn.flow_format = format;
  return kDone;
}

Verdict handle(Core& core, Connection& conn, ByteView m) {
  const Recognized recognized = recognize(m);
  if (recognized.error) return refuse(recognized.error);
  switch (recognized.kind) {
    case MessageKind::not_for_switch:
    case MessageKind::statistics_not_for_switch:
      return refuse(kBadType);
    case MessageKind::error:
      return kDone;
    case MessageKind::echo_request:
      return handle_echo(core, conn, m);
    case MessageKind::echo_reply:
      return kDone;
    case MessageKind::features_request:
      return handle_features(core, conn, m);
    case MessageKind::get_config_request:
      return handle_get_config(core, conn, m);
    case MessageKind::set_config:
      return handle_set_config(core, conn, m);
    case MessageKind::packet_out:
      return handle_packet_out(core, conn, m);
    case MessageKind::flow_mod:
      return slave(conn) ? refuse(kEperm) : handle_flow_mod(core, conn, m);
    case MessageKind::port_mod:
      return slave(conn) ? refuse(kEperm) : handle_port_mod(core, m);
    case MessageKind::barrier_request:
      return handle_barrier(core, conn, m);
    case MessageKind::queue_get_config_request:
      return handle_queue_get_config(core, conn, m);
    case MessageKind::desc_stats:
      return handle_desc_stats(core, conn, m);
    case MessageKind::flow_stats:
      return handle_flow_stats(core, conn, m);
    case MessageKind::aggregate_stats:
      return handle_aggregate_stats(core, conn, m);
    case MessageKind::table_stats:
      return handle_table_stats(core, conn, m);
    case MessageKind::port_stats:
      return handle_port_stats(core, conn, m);
    case MessageKind::queue_stats:
      return handle_queue_stats(core, conn, m);
    case MessageKind::role_request:
      return handle_role(core, conn, m);
    case MessageKind::flow_mod_table_id:
      return handle_flow_mod_table_id(conn, m);
    case MessageKind::set_flow_format:
      return handle_set_flow_format(conn, m);
  }
  return kDone;
}

}  // namespace

bool handle_message(Core& core, Connection& conn, ByteView message) {
  const Verdict verdict = handle(core, conn, message);
  if (verdict.postponed) return false;
  if (verdict.error) send_error(core, conn, message, verdict.error);
  return true;
}

}  // namespace oftwin::impl

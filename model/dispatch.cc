// Which handler a message goes to, and the handlers that need no file of their own.
// Invariant: a message's length is right before anything else about it is looked at.
#include "model/dispatch.h"

#include <algorithm>

#include "model/buffer.h"
#include "model/connection.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/flow_mod.h"
#include "model/provider.h"
#include "model/statistics.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

bool primary(const Connection& conn) { return conn.name.kind == ConnKind::primary; }
bool slave(const Connection& conn) { return primary(conn) && conn.role == Role::slave; }
std::uint32_t xid_of(const Message& message) { return get(message.bytes, wire::header::xid); }

Verdict not_recognised(Turn& turn, Error error) {
  if (error.code == OFPBRC_BAD_LEN) turn.hit("MSG-2");
  if (error.code == OFPBRC_BAD_TYPE) turn.hit("MSG-3");
  if (error.code == OFPBRC_BAD_STAT) turn.hit("MSG-4");
  if (error.code == OFPBRC_BAD_VENDOR) turn.hit("MSG-5");
  if (error.code == OFPBRC_BAD_SUBTYPE) turn.hit("MSG-6");
  return {false, error};
}

Verdict handle_echo(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("MSG-9");
  send_reply(turn, conn, encode_echo_reply(message.bytes));
  return {};
}

Verdict handle_features(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("MSG-10");
  send_reply(turn, conn, encode_features_reply(xid_of(message), turn.state));
  return {};
}

Verdict handle_get_config(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("MSG-11");
  send_reply(turn, conn,
             encode_get_config_reply(xid_of(message), turn.state.provider.drop_fragments, conn.miss_send_len));
  return {};
}

Verdict handle_set_config(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("MSG-12");
  const auto fragments = get(message.bytes, wire::switch_config::flags) & OFPC_FRAG_MASK;
  if (primary(conn) && !slave(conn) && (fragments == OFPC_FRAG_NORMAL || fragments == OFPC_FRAG_DROP)) {
    turn.hit("MSG-13");
    turn.state.provider.drop_fragments = fragments == OFPC_FRAG_DROP;
    turn.emit(observation::SetDropFrags{turn.state.provider.drop_fragments});
  }
  conn.miss_send_len = get<std::uint16_t>(message.bytes, wire::switch_config::miss_send_len);
  return {};
}

Verdict handle_barrier(Turn& turn, Connection& conn, const Message& message) {
  if (has_pending_groups(turn.state, conn.name)) {
    turn.hit("MSG-14");
    return kPostponed;
  }
  turn.hit("MSG-15");
  send_reply(turn, conn, encode_barrier_reply(xid_of(message)));
  return {};
}

Verdict handle_packet_out(Turn& turn, Connection& conn, const Message& message) {
  auto decoded = decode_packet_out(message.bytes);
  if (const auto* error = std::get_if<Error>(&decoded)) {
    turn.hit("MSG-2");
    return {false, *error};
  }
  PacketOut& po = std::get<PacketOut>(decoded);
  if (po.buffer_id != OFP_NO_BUFFER) {
    turn.hit("OUT-2");
    Retrieved retrieved = retrieve_packet(turn, conn, po.buffer_id);
    if (!retrieved.packet) return {false, retrieved.error};
    po.frame = std::move(retrieved.packet->frame);
  }
  turn.hit("OUT-1");
  return {false, packet_out_on_provider(turn, po.in_port, po.actions, po.frame)};
}

// The original switches the port's device, whose new state is reported like any other change of a port.
void switch_device(Turn& turn, PortConfig port) {
  port.config ^= OFPPC_PORT_DOWN;
  port.state = port.config & OFPPC_PORT_DOWN ? std::uint32_t{OFPPS_LINK_DOWN} : 0;
  turn.state.provider.queue.push_back(event::PortChange{event::PortChangeKind::modify, port});
}

Verdict handle_port_mod(Turn& turn, const Message& message) {
  namespace w = wire::port_mod;
  constexpr std::uint32_t settable =
      OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN;
  const auto number = get<std::uint16_t>(message.bytes, w::port_no);
  auto& ports = turn.state.ports;
  const auto port = std::ranges::find_if(ports, [&](const Port& p) { return p.config.number == number; });
  if (port == ports.end()) {
    turn.hit("PORT-1");
    return refused(OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_PORT);
  }
  const auto address = ByteView(message.bytes).subspan(w::hw_addr.offset, w::hw_addr.size);
  if (!std::ranges::equal(address, port->config.hw_addr)) {
    turn.hit("PORT-2");
    return refused(OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_HW_ADDR);
  }
  turn.hit("PORT-3");
  const std::uint32_t old = port->config.config;
  const std::uint32_t changed = (get(message.bytes, w::config) ^ old) & get(message.bytes, w::mask);
  port->config.config ^= changed & (turn.erratum(13) ? settable : settable | std::uint32_t{OFPPC_PORT_DOWN});
  if (port->config.config != old) turn.emit(observation::PortReconfigured{number, old, port->config.config});
  if ((changed & OFPPC_PORT_DOWN) && turn.erratum(13)) switch_device(turn, port->config);
  return {};
}

void take_role(Turn& turn, Connection& conn, Role role) {
  if (role == Role::master) {
    for (Connection& other : turn.state.connections) {
      if (other.role == Role::master) other.role = Role::slave;
    }
  }
  conn.role = role;
}

Verdict handle_role(Turn& turn, Connection& conn, const Message& message) {
  if (!primary(conn)) {
    turn.hit("ROLE-1");
    return refused(OFPET_BAD_REQUEST, OFPBRC_EPERM);
  }
  const auto wanted = get(message.bytes, wire::nx_role::role);
  if (wanted > NX_ROLE_SLAVE) {
    turn.hit("ROLE-2");
    return refused(OFPET_BAD_REQUEST, OFPBRC_BAD_ROLE);
  }
  const Role role{static_cast<std::uint8_t>(wanted)};
  if (role != conn.role && has_pending_groups(turn.state, conn.name)) {
    turn.hit("ROLE-3");
    return kPostponed;
  }
  turn.hit("ROLE-4");
  take_role(turn, conn, role);
  send_reply(turn, conn, encode_role_reply(xid_of(message), role));
  return {};
}

Verdict handle_flow_mod_table_id(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("FM-4");
  conn.flow_mod_table_id = get(message.bytes, wire::nx_flow_mod_table_id::set) != 0;
  return {};
}

Verdict handle_set_flow_format(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("NXM-13");
  const auto wanted = get(message.bytes, wire::nx_set_flow_format::format);
  if (wanted != NXFF_OPENFLOW10 && wanted != NXFF_NXM) return refused(OFPET_BAD_REQUEST, OFPBRC_EPERM);
  const FlowFormat format{static_cast<std::uint8_t>(wanted)};
  if (format != conn.flow_format && has_pending_groups(turn.state, conn.name)) {
    turn.hit("NXM-14");
    return kPostponed;
  }
  conn.flow_format = format;
  return {};
}

bool changes_the_switch(MessageKind kind) {
  return kind == MessageKind::flow_mod || kind == MessageKind::packet_out || kind == MessageKind::port_mod;
}

}  // namespace

Verdict handle_message(Turn& turn, Connection& conn, const Message& message) {
  const auto recognised = recognise(message.bytes);
  if (const auto* error = std::get_if<Error>(&recognised)) return not_recognised(turn, *error);
  const MessageKind kind = std::get<MessageKind>(recognised);
  if (changes_the_switch(kind) && slave(conn)) {
    turn.hit("ROLE-5");
    return refused(OFPET_BAD_REQUEST, OFPBRC_EPERM);
  }
  switch (kind) {
    case MessageKind::not_for_switch:
      return not_recognised(turn, openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE));
    case MessageKind::statistics_not_for_switch:
      return not_recognised(turn, openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_STAT));
    case MessageKind::echo_request:
      return handle_echo(turn, conn, message);
    case MessageKind::echo_reply:
      turn.hit("MSG-9");
      return {};
    case MessageKind::features_request:
      return handle_features(turn, conn, message);
    case MessageKind::get_config_request:
      return handle_get_config(turn, conn, message);
    case MessageKind::set_config:
      return handle_set_config(turn, conn, message);
    case MessageKind::packet_out:
      return handle_packet_out(turn, conn, message);
    case MessageKind::flow_mod:
      return handle_flow_mod(turn, conn, message);
    case MessageKind::port_mod:
      return handle_port_mod(turn, message);
    case MessageKind::barrier_request:
      return handle_barrier(turn, conn, message);
    case MessageKind::role_request:
      return handle_role(turn, conn, message);
    case MessageKind::flow_mod_table_id:
      return handle_flow_mod_table_id(turn, conn, message);
    case MessageKind::set_flow_format:
      return handle_set_flow_format(turn, conn, message);
    default:
      return handle_statistics(turn, conn, message, kind);
  }
}

}  // namespace oftwin::model

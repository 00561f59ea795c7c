// Which handler a message goes to, and the handlers that need no file of their own.
// Invariant: a message's length is right before anything else about it is looked at.
#include "model/dispatch.h"

#include <utility>

#include "model/action_reading.h"
#include "model/buffer.h"
#include "model/connection.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/flow_mod.h"
#include "model/provider.h"
#include "model/wire.h"
#include "spec/nicira.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

bool slave(const Connection& conn) { return conn.is_primary() && conn.role == Role::slave; }
std::uint32_t xid_of(const Message& message) { return get<wire::header::xid>(message.bytes); }

Verdict not_recognised(Turn& turn, Error error) {
  if (error.code == OFPBRC_BAD_LEN) turn.hit("MSG-2");
  if (error.code == OFPBRC_BAD_TYPE) turn.hit("MSG-3");
  if (error.code == OFPBRC_BAD_STAT) turn.hit("MSG-4");
  if (error.code == OFPBRC_BAD_VENDOR) turn.hit("MSG-5");
  if (error.code == OFPBRC_BAD_SUBTYPE) turn.hit("MSG-6");
  return {false, error};
}

Verdict handle_not_for_switch(Turn& turn, Connection&, const Message&) {
  if (turn.reading("MSG-19")) return {};
  return not_recognised(turn, openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE));
}
Verdict handle_statistics_not_for_switch(Turn& turn, Connection&, const Message&) {
  if (turn.reading("MSG-19")) return {};
  return not_recognised(turn, openflow_error(OFPET_BAD_REQUEST, turn.erratum(25) ? OFPBRC_BAD_STAT : OFPBRC_BAD_TYPE));
}
Verdict handle_error(Turn& turn, Connection& conn, const Message& message) {
  return turn.erratum(20) ? handle_not_for_switch(turn, conn, message) : turn.done("MSG-16");
}

// The original does not know the two messages about queues.
bool knows(const Turn& turn, const Message& message) {
  const auto type = get<wire::header::type>(message.bytes);
  return !turn.erratum(40) || (type != OFPT_QUEUE_GET_CONFIG_REQUEST && type != OFPT_QUEUE_GET_CONFIG_REPLY);
}

Verdict answer(Turn& turn, Connection& conn, ClauseId why, Bytes reply) {
  send_reply(turn, conn, std::move(reply));
  return turn.done(why);
}

Verdict handle_echo(Turn& turn, Connection& conn, const Message& message) {
  return answer(turn, conn, "MSG-9", encode_echo_reply(message.bytes));
}

Verdict handle_echo_reply(Turn& turn, Connection&, const Message&) { return turn.done("MSG-9"); }

Verdict handle_features(Turn& turn, Connection& conn, const Message& message) {
  return answer(turn, conn, "MSG-10", encode_features_reply(xid_of(message), turn.state));
}

Verdict handle_get_config(Turn& turn, Connection& conn, const Message& message) {
  const bool drop = turn.state.provider.drop_fragments;
  return answer(turn, conn, "MSG-11", encode_get_config_reply(xid_of(message), drop, conn.miss_send_len));
}

Verdict handle_set_config(Turn& turn, Connection& conn, const Message& message) {
  turn.hit("MSG-12");
  const auto fragments = get<wire::switch_config::flags>(message.bytes) & OFPC_FRAG_MASK;
  if (conn.is_primary() && !slave(conn) && (fragments == OFPC_FRAG_NORMAL || fragments == OFPC_FRAG_DROP)) {
    turn.hit("MSG-13");
    turn.state.provider.drop_fragments = fragments == OFPC_FRAG_DROP;
    turn.emit(observation::SetDropFrags{turn.state.provider.drop_fragments});
  }
  conn.miss_send_len = get<wire::switch_config::miss_send_len>(message.bytes);
  return {};
}

Verdict handle_barrier(Turn& turn, Connection& conn, const Message& message) {
  if (has_pending_groups(turn.state, conn.name)) return turn.postpone("MSG-14");
  return answer(turn, conn, "MSG-15", encode_barrier_reply(xid_of(message)));
}

// No port has a queue.
Verdict handle_queue_get_config(Turn& turn, Connection& conn, const Message& message) {
  const auto number = get<wire::queue_get_config_request::port>(message.bytes);
  if (number >= OFPP_MAX || !turn.port(number)) return turn.refuse("MSG-18", OFPET_QUEUE_OP_FAILED, OFPQOFC_BAD_PORT);
  return answer(turn, conn, "MSG-17", encode_queue_get_config_reply(xid_of(message), number));
}

Verdict handle_packet_out(Turn& turn, Connection& conn, const Message& message) {
  auto decoded = decode_packet_out(message.bytes);
  if (const auto* error = std::get_if<Error>(&decoded)) return turn.end("MSG-2", {false, *error});
  PacketOut& po = std::get<PacketOut>(decoded);
  const bool reserved = po.in_port >= OFPP_MAX && po.in_port != OFPP_LOCAL && po.in_port != OFPP_NONE;
  const auto refuse = [&](ClauseId why, Error error) {
    return turn.end(why, {false, turn.told(error, wrong_actions(po.actions, {}))});
  };
  if (reserved && po.in_port != OFPP_CONTROLLER && !turn.erratum(26) && !turn.reading("OUT-4")) {
    return refuse("OUT-3", nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_IN_PORT));
  }
  if (po.buffer_id != OFP_NO_BUFFER) {
    turn.hit("OUT-2");
    Retrieved retrieved = retrieve_packet(turn, conn, po.buffer_id);
    if (!retrieved.packet) return refuse("OUT-2", retrieved.error);
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

Verdict handle_port_mod(Turn& turn, Connection&, const Message& message) {
  namespace w = wire::port_mod;
  constexpr std::uint32_t settable =
      OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN;
  Port* port = turn.port(get<w::port_no>(message.bytes));
  if (!port) return turn.refuse("PORT-1", OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_PORT);
  PortConfig& c = port->config;
  if (get<w::hw_addr>(message.bytes) != number(c.hw_addr, 0, 6)) {
    return turn.refuse("PORT-2", OFPET_PORT_MOD_FAILED, OFPPMFC_BAD_HW_ADDR);
  }
  const std::uint32_t old = c.config;
  const std::uint32_t changed = (get<w::config>(message.bytes) ^ old) & get<w::mask>(message.bytes);
  if ((changed & OFPPC_NO_STP) && turn.reading("PORT-11")) c.config ^= OFPPC_NO_STP;
  c.config ^= changed & (turn.erratum(13) ? settable : settable | std::uint32_t{OFPPC_PORT_DOWN});
  if (c.config != old) turn.emit(observation::PortReconfigured{c.number, old, c.config});
  if ((changed & OFPPC_PORT_DOWN) && turn.erratum(13)) switch_device(turn, c);
  turn.hit("PORT-12");
  return turn.done("PORT-3");
}

Verdict handle_role(Turn& turn, Connection& conn, const Message& message) {
  if (!conn.is_primary()) return turn.refuse("ROLE-1", OFPET_BAD_REQUEST, OFPBRC_EPERM);
  const auto wanted = get<wire::nx_role::role>(message.bytes);
  if (wanted > NX_ROLE_SLAVE) {
    const Error bad_role = nicira_error(OFPET_BAD_REQUEST, NXBRC_BAD_ROLE);
    return turn.end("ROLE-2",
                    {false, turn.erratum(24) ? openflow_error(OFPET_BAD_REQUEST, OFPBRC_BAD_ROLE) : bad_role});
  }
  const Role role{static_cast<std::uint8_t>(wanted)};
  if (role != conn.role && has_pending_groups(turn.state, conn.name)) return turn.postpone("ROLE-3");
  for (Connection& other : turn.state.connections) {
    if (role == Role::master && other.role == Role::master) other.role = Role::slave;
  }
  conn.role = role;
  return answer(turn, conn, "ROLE-4", encode_role_reply(xid_of(message), role));
}

Verdict handle_flow_mod_table_id(Turn& turn, Connection& conn, const Message& message) {
  conn.flow_mod_table_id = get<wire::nx_flow_mod_table_id::set>(message.bytes) != 0;
  return turn.done("FM-4");
}

Verdict handle_set_flow_format(Turn& turn, Connection& conn, const Message& message) {
  const auto wanted = get<wire::nx_set_flow_format::format>(message.bytes);
  if (wanted != NXFF_OPENFLOW10 && wanted != NXFF_NXM) return turn.refuse("NXM-13", OFPET_BAD_REQUEST, OFPBRC_EPERM);
  const FlowFormat format{static_cast<std::uint8_t>(wanted)};
  if (format != conn.flow_format && has_pending_groups(turn.state, conn.name)) return turn.postpone("NXM-14");
  conn.flow_format = format;
  return turn.done("NXM-13");
}

using Handler = Verdict (*)(Turn&, Connection&, const Message&);
struct Handled {
  MessageKind kind;
  Handler handler;
};
constexpr Handled kHandlers[] = {
    {MessageKind::not_for_switch, handle_not_for_switch},
    {MessageKind::statistics_not_for_switch, handle_statistics_not_for_switch},
    {MessageKind::error, handle_error},
    {MessageKind::echo_request, handle_echo},
    {MessageKind::echo_reply, handle_echo_reply},
    {MessageKind::features_request, handle_features},
    {MessageKind::get_config_request, handle_get_config},
    {MessageKind::set_config, handle_set_config},
    {MessageKind::packet_out, handle_packet_out},
    {MessageKind::flow_mod, handle_flow_mod},
    {MessageKind::port_mod, handle_port_mod},
    {MessageKind::barrier_request, handle_barrier},
    {MessageKind::queue_get_config_request, handle_queue_get_config},
    {MessageKind::desc_stats, handle_desc_stats},
    {MessageKind::flow_stats, handle_flow_stats},
    {MessageKind::aggregate_stats, handle_aggregate_stats},
    {MessageKind::table_stats, handle_table_stats},
    {MessageKind::port_stats, handle_port_stats},
    {MessageKind::queue_stats, handle_queue_stats},
    {MessageKind::role_request, handle_role},
    {MessageKind::flow_mod_table_id, handle_flow_mod_table_id},
    {MessageKind::set_flow_format, handle_set_flow_format},
};

bool changes_the_switch(MessageKind kind) {
  return kind == MessageKind::flow_mod || kind == MessageKind::packet_out || kind == MessageKind::port_mod;
}

}  // namespace

Verdict handle_message(Turn& turn, Connection& conn, const Message& message) {
  if (!knows(turn, message)) return handle_not_for_switch(turn, conn, message);
  const auto recognised = recognise(message.bytes);
  if (const auto* error = std::get_if<Error>(&recognised)) return not_recognised(turn, *error);
  const MessageKind kind = std::get<MessageKind>(recognised);
  if (changes_the_switch(kind) && slave(conn)) return turn.refuse("ROLE-5", OFPET_BAD_REQUEST, OFPBRC_EPERM);
  return find(kHandlers, kind, &Handled::kind)->handler(turn, conn, message);
}

}  // namespace oftwin::model

// Messages that nobody asked for: packet-in, flow-removed, port-status.
// Invariant: each goes to every connection that takes it, in the order of service.
#include "model/async.h"

#include <algorithm>

#include "model/buffer.h"
#include "model/connection.h"
#include "model/encode.h"
#include "model/nxm.h"
#include "model/provider.h"
#include "spec/openflow.h"

namespace oftwin::model {

namespace {

bool takes_async(Turn& turn, const Connection& conn) {
  if (conn.link != Link::up) return false;
  turn.hit("ASYNC-1");
  if (conn.name.kind == ConnKind::primary) return conn.role != Role::slave;
  return conn.miss_send_len > 0;
}

void send_port_status(Turn& turn, std::uint8_t reason, const PortConfig& port) {
  turn.hit("ASYNC-4");
  for (Connection& conn : turn.state.connections) {
    if (conn.name.kind != ConnKind::primary && !takes_async(turn, conn)) continue;
    send_unasked(turn, conn, encode_port_status(reason, port));
  }
}

std::uint16_t number_of(const Port& port) { return port.config.number; }
const std::string& name_of(const Port& port) { return port.config.name; }

void remove_port(Turn& turn, std::vector<Port>::iterator port) {
  const PortConfig gone = port->config;
  turn.hit("PORT-8");
  turn.state.ports.erase(port);
  send_port_status(turn, OFPPR_DELETE, gone);
}

// The device tells whether it is down; the other configuration bits are the controllers'.
void update_port(Turn& turn, PortConfig& port, PortConfig now) {
  turn.hit("PORT-6");
  now.config = (port.config & ~OFPPC_PORT_DOWN) | (now.config & OFPPC_PORT_DOWN);
  if (now == port) return;
  port = now;
  send_port_status(turn, OFPPR_MODIFY, now);
}

}  // namespace

void packet_in(State& state, std::uint16_t in_port, ByteView frame, PacketInReason reason, std::uint16_t send_len,
               Outcome& out) {
  const Choices no_choices;
  Turn turn{state, no_choices, out};
  packet_in(turn, in_port, frame, reason, send_len);
}

void packet_in(Turn& turn, std::uint16_t in_port, ByteView frame, PacketInReason reason, std::uint16_t send_len) {
  for (Connection& conn : turn.state.connections) {
    if (!takes_async(turn, conn)) continue;
    turn.hit("ASYNC-3");
    std::uint32_t buffer_id = OFP_NO_BUFFER;
    std::size_t length = reason == PacketInReason::no_match ? frame.size() : send_len;
    if (reason == PacketInReason::no_match && turn.state.failed_open) {
      turn.hit("FAIL-6");
      buffer_id = kNullBuffer;
    } else if (reason == PacketInReason::no_match && !conn.buffers.empty()) {
      buffer_id = save_packet(turn, conn, in_port, frame);
    }
    if (buffer_id != OFP_NO_BUFFER) length = conn.miss_send_len;
    send_packet_in(turn, conn, encode_packet_in(buffer_id, in_port, reason, frame, length));
  }
}

void send_flow_removed(Turn& turn, const Rule& rule, std::uint8_t reason) {
  if (rule.priority > 0xffff || !rule.send_flow_removed) return;
  const Counters counters = counters_of(turn.state, rule);
  for (Connection& conn : turn.state.connections) {
    if (!takes_async(turn, conn)) continue;
    turn.hit("ASYNC-2");
    if (conn.flow_format == FlowFormat::nxm) turn.hit("NXM-15");
    hit_match_form(turn, rule.match, conn.flow_format == FlowFormat::nxm);
    send_reply(turn, conn, encode_flow_removed(rule, reason, counters, turn.state.now_ms, conn.flow_format));
  }
}

void change_port(Turn& turn, event::PortChangeKind kind, const PortConfig& port) {
  auto& ports = turn.state.ports;
  if (!can_be_port(port.number)) return turn.hit("PORT-4");
  const auto it = std::ranges::find(ports, port.number, number_of);
  if (kind == event::PortChangeKind::remove) {
    if (it == ports.end()) return;
    turn.hit("PORT-5");
    return remove_port(turn, it);
  }
  if (it != ports.end() && it->config.name == port.name) return update_port(turn, it->config, port);
  turn.hit("PORT-7");
  if (it != ports.end()) remove_port(turn, it);
  const auto moved = std::ranges::find(ports, port.name, name_of);
  if (moved != ports.end()) remove_port(turn, moved);
  ports.push_back({port, {}});
  send_port_status(turn, OFPPR_ADD, port);
}

bool can_be_port(std::uint16_t number) { return (number >= 1 && number < OFPP_MAX) || number == OFPP_LOCAL; }

}  // namespace oftwin::model

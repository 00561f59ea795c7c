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
  if (conn.is_primary()) return conn.role != Role::slave;
  return conn.miss_send_len > 0;
}

void send_port_status(Turn& turn, std::uint8_t reason, const PortConfig& port) {
  turn.hit("ASYNC-4");
  for (Connection& conn : turn.state.connections) {
    if (!conn.is_primary() && !takes_async(turn, conn)) continue;
    send_unasked(turn, conn, encode_port_status(reason, port));
  }
}

void remove_port(Turn& turn, const PortConfig& port) {
  const PortConfig gone = port;
  turn.hit("PORT-8");
  std::erase_if(turn.state.ports, [&](const Port& p) { return p.config.number == gone.number; });
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

namespace {

// What ASYNC-5 allows. asked: bytes that the action or, after a miss, the connection wants.
bool allowed(const Connection& conn, const PacketInQuestion& q, const PacketInForm& form, PacketInReason reason,
             std::size_t asked) {
  const std::size_t wanted = std::min(q.frame, asked);
  const std::size_t usual = std::min<std::size_t>(q.frame, conn.miss_send_len);
  const bool kept = form.buffer_id != OFP_NO_BUFFER;
  if (kept && conn.buffers.empty()) return false;
  if (!kept && form.length == q.frame) return true;
  if (reason == PacketInReason::no_match) return kept && form.length >= usual && form.length <= q.frame;
  return form.length == wanted || form.length == std::min(wanted, usual);
}

}  // namespace

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
    turn.hit("ASYNC-5");
    const PacketInQuestion question{conn.name, {buffer_id, std::min(length, frame.size())}, frame.size()};
    if (turn.choices.packet_in && buffer_id != kNullBuffer) {
      const PacketInForm form = turn.choices.packet_in(question);
      const bool same = form.buffer_id == buffer_id && form.length == question.law.length;
      const std::size_t asked = reason == PacketInReason::no_match ? conn.miss_send_len : send_len;
      if (!same && allowed(conn, question, form, reason, asked)) {
        if (form.buffer_id != buffer_id) keep_packet_otherwise(turn, conn, buffer_id, form.buffer_id, in_port, frame);
        buffer_id = form.buffer_id;
        length = form.length;
      }
    }
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
  if (!can_be_port(port.number)) return turn.hit("PORT-4");
  Port* old = turn.port(port.number);
  if (kind == event::PortChangeKind::remove) {
    if (!old) return;
    turn.hit("PORT-5");
    return remove_port(turn, old->config);
  }
  if (old && old->config.name == port.name) return update_port(turn, old->config, port);
  turn.hit("PORT-7");
  if (old) remove_port(turn, old->config);
  Port* moved = find(turn.state.ports, port.name, [](const Port& p) { return p.config.name; });
  if (moved) remove_port(turn, moved->config);
  turn.state.ports.push_back({port, {}});
  send_port_status(turn, OFPPR_ADD, port);
}

bool can_be_port(std::uint16_t number) { return (number >= 1 && number < OFPP_MAX) || number == OFPP_LOCAL; }

}  // namespace oftwin::model

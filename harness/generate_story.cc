// Packets, and stories about one flow: it is made, met, changed, met again and asked for. Without them few packets
// meet a flow that has been changed.
#include <utility>

#include "harness/request.h"
#include "harness/trace_generator.h"

namespace oftwin::harness {

// Enough packets that the buffers come round to the first one.
void TraceGenerator::flood() {
  const DrawnPacket packet = messages_.packet();
  if (s_.chance(30)) stall();
  for (int i = 0; i < 260; ++i) arrive(packet);
}

void TraceGenerator::arrive(const DrawnPacket& packet) {
  if (simulated())
    add(event::PacketArrives{packet.in_port, packet.frame, packet.tun_id});
  else
    add(event::ProviderPacketIn{packet.in_port, PacketInReason::no_match, 0xffff, packet.frame});
}

void TraceGenerator::packet() {
  if (options_.buffers && s_.below(400) == 0) return flood();
  const DrawnPacket packet = messages_.packet();
  if (simulated()) return arrive(packet);
  event::ProviderPacketIn in;
  in.port = packet.in_port;
  in.reason = s_.chance(70) ? PacketInReason::no_match : PacketInReason::action;
  if (s_.chance(30)) in.send_len = static_cast<std::uint16_t>(s_.below(200));
  in.frame = packet.frame;
  add(std::move(in));
}

void TraceGenerator::tell(ConnName conn, Bytes message) {
  recv(conn, 1, [&](std::uint32_t, std::uint32_t xid) {
    for (std::size_t i = 0; i < 4; ++i) message[4 + i] = static_cast<std::uint8_t>(xid >> (24 - 8 * i));
    return message;
  });
  loop(0);
}

void TraceGenerator::show(const DrawnFlow& flow) {
  for (std::uint64_t n = s_.between(1, 2); n > 0; --n) arrive(messages_.packet_for(flow));
  loop(0);
}

// A flow that is met, or not, while its time runs.
void TraceGenerator::ageing(ConnName conn, const DrawnFlow& flow) {
  constexpr std::array<std::uint16_t, 4> idle = {0, 1, 2, 3}, hard = {0, 0, 3, 5};
  constexpr std::array<std::uint64_t, 3> steps_ms = {500, 999, 1000};
  const auto idle_s = s_.pick(idle);
  const auto hard_s = idle_s == 0 ? std::uint16_t{2} : s_.pick(hard);
  tell(conn, messages_.flow_mod_about(flow, OFPFC_ADD, messages_.visible_actions(), idle_s, hard_s));
  for (std::uint64_t n = s_.between(2, 4); n > 0; --n) {
    add(event::Clock{s_.pick(steps_ms)});
    if (s_.chance(60)) arrive(messages_.packet_for(flow));
    loop(0);
  }
  tell(conn, messages_.statistics_about(flow));
}

void TraceGenerator::story() {
  if (open_.empty()) return clock();
  const ConnName conn = s_.pick(open_);
  const DrawnFlow flow = messages_.flow();
  if (s_.chance(25)) return ageing(conn, flow);
  const auto flow_mod = [&](std::uint16_t command) {
    tell(conn, messages_.flow_mod_about(flow, command, messages_.visible_actions()));
  };
  flow_mod(OFPFC_ADD);
  show(flow);
  constexpr std::array<std::uint16_t, 5> commands = {OFPFC_MODIFY_STRICT, OFPFC_MODIFY_STRICT, OFPFC_MODIFY, OFPFC_ADD,
                                                     OFPFC_DELETE_STRICT};
  if (s_.chance(75))
    flow_mod(s_.pick(commands));
  else
    tell(conn, messages_.draw(MessageKind::port_mod, 0));
  show(flow);
  tell(conn, messages_.statistics_about(flow));
}

}  // namespace oftwin::harness

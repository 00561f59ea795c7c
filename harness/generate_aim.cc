// Packets that aim at flows, and messages about one flow. Part of harness/generate_message.h.
#include "harness/generate_action.h"
#include "harness/generate_frame.h"
#include "harness/generate_message.h"
#include "harness/wire_io.h"
#include "model/decode.h"
#include "model/nxm.h"

namespace oftwin::harness {

DrawnPacket MessageGenerator::packet() {
  if (!recent_.empty() && source_.chance(60)) return packet_for({source_.pick(recent_), 0});
  FlowKey key = draw_key(source_);
  return {port(), key.tun_id, draw_frame(source_, key)};
}

DrawnPacket MessageGenerator::packet_for(const DrawnFlow& flow) {
  constexpr std::uint8_t all_bits = 0xfc;
  Match match;
  if (const auto* plain = std::get_if<WireMatch>(&flow.match)) {
    match = model::decode_match(wire_bytes(*plain), 0, all_bits);
  } else {
    const auto decoded = model::decode_nxm(std::get<Bytes>(flow.match), all_bits);
    if (const auto* right = std::get_if<Match>(&decoded)) match = *right;
  }
  FlowKey key = draw_key(source_, match);
  if (match.in_port.mask == 0) key.in_port = port();
  if (source_.chance(15)) miss(source_, match, key);
  return {key.in_port, key.tun_id, draw_frame(source_, key)};
}

DrawnFlow MessageGenerator::flow() {
  if (extended()) return {draw_extended_match(), source_.pick(priorities_)};
  return {draw_match(), source_.pick(priorities_)};
}

Bytes MessageGenerator::flow_mod_about(const DrawnFlow& flow, std::uint16_t command, const Bytes& actions,
                                       std::uint16_t idle, std::uint16_t hard) {
  const auto fill = [&](auto fm, const auto& match) {
    fm.match = match;
    fm.command = command;
    fm.priority = flow.priority;
    fm.cookie = source_.pick(universe::cookies);
    fm.actions = actions;
    fm.idle_timeout = idle;
    fm.hard_timeout = hard;
    fm.flags = idle != 0 || hard != 0 ? OFPFF_SEND_FLOW_REM : 0;
    return encode(fm);
  };
  if (const auto* plain = std::get_if<WireMatch>(&flow.match)) return fill(request::FlowMod{}, *plain);
  return fill(request::NxFlowMod{}, std::get<Bytes>(flow.match));
}

Bytes MessageGenerator::statistics_about(const DrawnFlow& flow) {
  const auto fill = [&](auto fs, const auto& match) {
    fs.match = match;
    return encode(fs);
  };
  if (const auto* plain = std::get_if<WireMatch>(&flow.match)) return fill(request::FlowStats{}, *plain);
  return fill(request::NxFlowStats{}, std::get<Bytes>(flow.match));
}

Bytes MessageGenerator::visible_actions() {
  constexpr std::array<std::uint16_t, 7> groups = {OFPP_IN_PORT,    OFPP_FLOOD,  OFPP_FLOOD, OFPP_ALL,
                                                   OFPP_CONTROLLER, OFPP_NORMAL, OFPP_LOCAL};
  Bytes out = draw_actions(source_, ports_);
  if (out.size() > 400) out.clear();
  if (source_.chance(70)) out.clear();
  put_bytes(out, action::output(source_.chance(40) ? source_.pick(groups) : source_.pick(ports_), 64));
  return out;
}

}  // namespace oftwin::harness

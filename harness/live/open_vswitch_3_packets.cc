// Packet-outs, as Open vSwitch 3 takes them.
#include <algorithm>

#include "harness/live/open_vswitch_3_frame.h"
#include "harness/live/open_vswitch_3_parts.h"
#include "harness/live/open_vswitch_3_pipeline.h"
#include "harness/wire_io.h"
#include "model/action.h"
#include "model/match.h"
#include "model/packet.h"
#include "spec/nicira.h"

namespace oftwin::harness::live::ovs3 {

namespace {

Taken taken_by(const Way& way) {
  return {way.readings.front(), {How::does, {}, {}, {}, {}, {}}, {way.readings.begin() + 1, way.readings.end()}};
}

// The port takes it in, whatever becomes of it.
void count(model::State& state, std::uint16_t in_port, std::size_t size) {
  const auto is = [&](const model::Port& p) { return p.config.number == in_port; };
  const auto port = std::find_if(state.ports.begin(), state.ports.end(), is);
  ++port->counters.rx_packets;
  port->counters.rx_bytes += size;
}

// Of its way only that.
Way first_lookup(const Way& way) {
  Way out;
  out.in_port = way.in_port;
  out.size = way.size;
  out.readings = way.readings;
  out.lookups = {way.lookups.front()};
  return out;
}

constexpr std::uint64_t kSpanningTree = 0x0180c2000000;
constexpr std::uint16_t kNoType = 0x05ff;  // of a frame that has a length instead
constexpr std::size_t kOutputSize = 8;     // bytes of that action

}  // namespace

std::optional<Taken> take_packet_out(const Asked& a) {
  if (a.is_slave()) return std::nullopt;
  model::Clauses unused;
  if (a.message[1] != OFPT_PACKET_OUT || a.message.size() < wire::packet_out::size) return std::nullopt;
  Reader r(a.message.subspan(8));
  const auto buffer_id = r.get<std::uint32_t>();
  const auto in_port = r.get<std::uint16_t>();
  const std::size_t length = r.get<std::uint16_t>();
  if (length % 8 != 0 || length > a.message.size() - wire::packet_out::size) return std::nullopt;
  const ByteView list = a.message.subspan(wire::packet_out::size, length);
  const ByteView frame = a.message.subspan(wire::packet_out::size + length);
  const Check decoded = ovs3::check_actions(list, {});
  const FlowKey key = model::extract(frame, in_port);
  const Frame seen(frame, in_port);
  const ovs3::Layers layers{seen.written.dl_type, seen.written.nw_proto, seen.written.tp_src, seen.later_fragment};
  const Check check = ovs3::check_actions(list, layers);
  if (decoded.answer == Answer::unknown || check.answer == Answer::unknown) return leaves("newer-actions");
  const bool fits = decoded.answer == Answer::takes || decoded.error == ovs3::kMatchInconsistent;
  const bool reserved =
      in_port >= OFPP_MAX && in_port != OFPP_LOCAL && in_port != OFPP_NONE && in_port != OFPP_CONTROLLER;
  if (!fits) return refused("action-errors", decoded.error);
  if (reserved) return std::nullopt;
  if (buffer_id != OFP_NO_BUFFER) return refused("no-buffers", kBufferUnknown);
  if (check.answer == Answer::refuses) return refused("action-errors", check.error);
  if (ovs3::loads_unchecked_bundle(list)) return leaves("bundle-load-unchecked");
  if (model::validate_actions(list, {key.dl_type, key.nw_proto}, unused)) return leaves("writable-fields");
  const Way way = follow(a.state, a.memory, {in_port, frame, list}, a.choices);
  if (!way.leaves.empty()) return leaves(way.leaves);
  if (way.readings.empty()) return std::nullopt;
  Taken out = taken_by(way);
  if (way.refused) {
    out.instead.how = How::refused;
    out.instead.error = way.refused;
  } else {
    out.instead.does = [way](model::State& state, Memory& memory, model::Outcome& outcome) {
      apply(way, state, memory, outcome);
    };
  }
  return out;
}

// A frame that a port must not take in is looked up, and then nothing is done with it.
std::optional<Taken> take_frame(const Asked& a) {
  Reader r(a.message.subspan(wire::packet_out::in_port.offset));
  const auto in_port = r.get<std::uint16_t>();
  const ByteView frame = a.message.subspan(wire::packet_out::size + kOutputSize);
  const auto is = [&](const model::Port& p) { return p.config.number == in_port; };
  const auto port = std::find_if(a.state.ports.begin(), a.state.ports.end(), is);
  if (port == a.state.ports.end() || (port->config.config & OFPPC_PORT_DOWN) != 0) return std::nullopt;
  Way way = follow(a.state, a.memory, {in_port, frame, std::nullopt}, a.choices);
  const FlowKey key = model::extract(frame, in_port);
  const bool to_tree = key.dl_dst == kSpanningTree;
  const auto refuses = [&](bool is_tree) {
    return (port->config.config & (is_tree ? OFPPC_NO_RECV_STP : OFPPC_NO_RECV)) != 0;
  };
  const bool refused = refuses(to_tree && key.dl_type == kNoType), lawful = refuses(to_tree);
  if (refused) {
    way = first_lookup(way);
    way.readings = {"unreceived-are-counted"};
  }
  if (refused != lawful) way.readings.emplace_back("spanning-tree-frames");
  if (!way.leaves.empty()) return leaves(way.leaves);
  if (way.refused) {  // nobody is there to be told; what it has met has counted
    way.refused = {};
    way.outs.clear();
  }
  if (way.readings.empty()) return std::nullopt;
  Taken out = taken_by(way);
  out.instead.does = [way, in_port, size = frame.size()](model::State& state, Memory& memory, model::Outcome& outcome) {
    count(state, in_port, size);
    apply(way, state, memory, outcome);
  };
  return out;
}

}  // namespace oftwin::harness::live::ovs3

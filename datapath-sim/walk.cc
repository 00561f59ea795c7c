#include "datapath-sim/walk.h"

#include <algorithm>
#include <span>

#include "spec/openflow.h"

namespace oftwin::sim {
namespace {

// Without the second and third, sixteen levels of three resubmits each would keep one packet going for ever.
constexpr unsigned kMaxDepth = 16, kMaxResubmits = 256, kMaxCopies = 4096;
constexpr std::uint32_t kQueues = 0xf000;  // numbers from here on name none
constexpr std::uint16_t kAllBytes = 0xffff;

}  // namespace

Walk::Walk(Datapath::State& datapath, Packet& packet, ByteView frame, Bytes& scratch)
    : datapath_(datapath),
      packet_(packet),
      frame_(frame, packet, scratch),
      length_(frame.size()),
      in_port_(packet.key.in_port) {}

// --- Lookups --------------------------------------------------------------------------------------------------------
void Walk::look_up(std::uint8_t table_id, std::uint16_t in_port, bool miss_goes_up) {
  Table& table = datapath_.tables[table_id];
  ++table.lookups;
  packet_.key.in_port = in_port;
  const Flow* flow = table.flows.lookup(pack(packet_.key));
  packet_.key.in_port = in_port_;
  Rule* rule = flow != nullptr ? flow->rule : nullptr;
  if (datapath_.observer != nullptr) datapath_.observer->lookup(table_id, rule != nullptr ? rule->base : nullptr);
  if (rule == nullptr) {
    if (miss_goes_up) miss();
    return;
  }
  ++table.matches;
  meet(*rule);
}

void Walk::meet(Rule& rule) {
  ++rule.packets;
  rule.bytes += length_;
  if (rule.base->idle_timeout != 0) datapath_.timeouts.used(rule, datapath_.host->now_ms(datapath_.host_data));
  const std::uint8_t from = table_;
  table_ = rule.base->table_id;
  run(rule.program);
  table_ = from;
}

void Walk::resubmit(std::uint8_t table, std::uint16_t in_port, bool miss_goes_up) {
  if (depth_ == kMaxDepth || resubmits_ == kMaxResubmits || table >= datapath_.tables.size()) return;
  ++resubmits_;
  ++depth_;
  look_up(table, in_port, miss_goes_up);
  --depth_;
}

void Walk::miss() {
  const Port* port = datapath_.ports.find(in_port_);
  if (port != nullptr && (port->config.config & OFPPC_NO_PACKET_IN)) return;
  hand_up(frame_.frame(), OFT_NO_MATCH, kAllBytes);
}

// --- Actions --------------------------------------------------------------------------------------------------------
void Walk::run(const Program& program) {
  for (const Step& step : program) run(step);
}

void Walk::run(const Step& step) {
  switch (step.kind) {
    case Step::Kind::output:
      return output(step.out.port, static_cast<std::uint16_t>(step.out.argument));
    case Step::Kind::enqueue:
      return enqueue(step.out.port, step.out.argument);
    case Step::Kind::set:
      return set(step.to, step.value);
    case Step::Kind::move:
      return set(step.to, read_bits(packet_.key, step.from.field, step.from.shift));
    case Step::Kind::resubmit:
      return resubmit(step.table == kCurrentTable ? table_ : step.table,
                      step.out.argument != 0 ? in_port_ : step.out.port, false);
    case Step::Kind::set_queue:
      if (step.value < kQueues) queue_ = static_cast<std::uint32_t>(step.value);
      return;
    case Step::Kind::pop_queue:
      return queue_.reset();
    case Step::Kind::bundle:
      return output(choose(step), 0);
    case Step::Kind::bundle_load:
      return set(step.to, choose(step));
    case Step::Kind::candidate:
      return;
    case Step::Kind::autopath:
      return set(step.to, datapath_.ports.find(step.out.port) != nullptr ? step.out.port : std::uint16_t{OFPP_NONE});
  }
}

// As many of the low bits of `value` as the range has.
void Walk::set(const BitRange& range, std::uint64_t value) {
  frame_.key_changes();
  if (range.count < 64) {
    const std::uint64_t rest = read(packet_.key, range.field) & ~range.mask();
    value = rest | (value << range.shift & range.mask());
  }
  write(packet_.key, range.field, value);
}

bool Walk::live(std::uint16_t number) const {
  if (number >= OFPP_MAX) return true;  // none that a list may name can be down
  const Port* port = datapath_.ports.find(number);
  return port != nullptr && (port->config.state & OFPPS_LINK_DOWN) == 0;
}

// The candidates stand behind the step.
std::uint16_t Walk::choose(const Step& bundle) const {
  const std::span candidates(&bundle + 1, bundle.value);
  const auto at = std::ranges::find_if(candidates, [this](const Step& s) { return live(s.out.port); });
  return at == candidates.end() ? std::uint16_t{OFPP_NONE} : at->out.port;
}

// --- Outputs --------------------------------------------------------------------------------------------------------
// All but those to the table and to none write the frame, even if nothing leaves by them.
void Walk::output(std::uint16_t port, std::uint16_t max_len) {
  if (port == OFPP_TABLE) return resubmit(0, in_port_, true);
  if (port == OFPP_NONE) return;
  const ByteView frame = frame_.frame();
  switch (port) {
    case OFPP_CONTROLLER:
      return hand_up(frame, OFT_ACTION, max_len);
    case OFPP_FLOOD:
    case OFPP_NORMAL:
      return flood(OFPPC_NO_FLOOD, frame);  // nothing is ever learned
    case OFPP_ALL:
      return flood(0, frame);
    case OFPP_IN_PORT:
      return to_port(in_port_, frame);
    default:
      if (port != in_port_) to_port(port, frame);
  }
}

void Walk::enqueue(std::uint16_t port, std::uint32_t queue) {
  const auto before = queue_;
  if (queue < kQueues) queue_ = queue;
  output(port, 0);
  queue_ = before;
}

void Walk::to_port(std::uint16_t number, ByteView frame) {
  if (Port* port = datapath_.ports.find(number)) transmit(*port, frame);
}

void Walk::flood(std::uint32_t excluded, ByteView frame) {
  for (const std::size_t position : datapath_.ports.ascending()) {
    Port& port = datapath_.ports.at(position);
    if (port.config.number != in_port_ && (port.config.config & excluded) == 0) transmit(port, frame);
  }
}

void Walk::transmit(Port& port, ByteView frame) {
  if ((port.config.config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) != 0 || !leaves()) return;
  ++port.tx_packets;
  port.tx_bytes += frame.size();
  if (datapath_.observer != nullptr) datapath_.observer->packet_tx(port.config.number, frame);
}

void Walk::hand_up(ByteView frame, oft_packet_in_reason reason, std::uint16_t send_len) {
  if (!leaves()) return;
  datapath_.host->packet_in(datapath_.host_data, in_port_, frame.data(), frame.size(), reason, send_len);
}

bool Walk::leaves() {
  if (copies_ == kMaxCopies) return false;
  ++copies_;
  const FlowKey& k = packet_.key;
  const bool plain = k.tun_id == 0 && k.reg == decltype(k.reg){} && !queue_;
  if (!plain && datapath_.observer != nullptr) datapath_.observer->metadata(k.tun_id, k.reg, queue_);
  return true;
}

}  // namespace oftwin::sim

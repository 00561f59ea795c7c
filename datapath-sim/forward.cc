// Packets: from a port, a packet-out or a buffer through the table and the actions to where they go.
#include "datapath-sim/state.h"
#include "datapath-sim/wire.h"

namespace oftwin::sim {
namespace {

constexpr std::uint16_t kAllBytes = 0xffff;

// The bridge group address has a switch of its own among the port's configuration bits.
bool receives(const Port& port, ByteView frame) {
  constexpr std::uint64_t bridge_group = 0x0180c2000000;
  if (port.config.config & kPortDown) return false;
  const bool stp = frame.size() >= kEthernetHeader && load48(frame.data()) == bridge_group;
  return (port.config.config & (stp ? kNoRecvStp : kNoRecv)) == 0;
}

// Carries out the outputs of one action list.
class Walk : public Forwarder {
 public:
  // OFPP_TABLE means something in a packet-out only.
  Walk(Datapath::State& datapath, std::uint16_t in_port, bool to_table)
      : datapath_(datapath), in_port_(in_port), to_table_(to_table) {}

  void output(std::uint16_t port, std::uint16_t max_len, Rewriter& rewriter) override {
    const ByteView frame = rewriter.frame();  // an output writes the frame even if nothing leaves by it
    switch (port) {
      case kPortTable:
        if (to_table_) look_up(rewriter);
        break;
      case kPortController:
        datapath_.send_up(in_port_, frame, OFT_ACTION, max_len);
        break;
      case kPortFlood:
      case kPortNormal:
        datapath_.flood(in_port_, kNoFlood, frame);  // nothing is ever learned
        break;
      case kPortAll:
        datapath_.flood(in_port_, 0, frame);
        break;
      case kPortInPort:
        to_port(in_port_, frame);
        break;
      default:
        if (port != in_port_) to_port(port, frame);
        break;
    }
  }

 private:
  // The frame as it is now is looked up as if it had just arrived.
  void look_up(Rewriter& frame) {
    const Packet packet = parse(frame.frame(), in_port_);
    frame.restart(packet);
    datapath_.look_up(packet, frame);
  }

  void to_port(std::uint16_t number, ByteView frame) {
    if (Port* port = datapath_.ports.find(number)) datapath_.transmit(*port, frame);
  }

  Datapath::State& datapath_;
  std::uint16_t in_port_;
  bool to_table_;
};

// Takes the scratch buffer out for as long as a frame is at work, so that a host that calls back in cannot disturb it.
class Loan {
 public:
  explicit Loan(Bytes& owner) : owner_(owner), bytes(std::move(owner)) {}
  ~Loan() { owner_ = std::move(bytes); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  Bytes& owner_;

 public:
  Bytes bytes;
};

}  // namespace

void Datapath::State::arrive(const Arrival& arrival) {
  Port* port = ports.find(arrival.port);
  if (port == nullptr) return;
  const ByteView frame = arrival.frame;
  const Packet packet = parse(frame, arrival.port);
  if (!receives(*port, frame) || frame.size() < kEthernetHeader || (drop_frags && packet.fragment)) {
    ++port->rx_dropped;
    return;
  }
  ++port->rx_packets;
  port->rx_bytes += frame.size();
  Loan loan(scratch);
  Rewriter rewriter(frame, packet, loan.bytes);
  look_up(packet, rewriter);
}

void Datapath::State::look_up(const Packet& packet, Rewriter& frame) {
  Table& table = tables.front();
  ++table.lookups;
  const Flow* flow = table.flows.lookup(pack(packet.key));
  Rule* rule = flow != nullptr ? flow->rule : nullptr;
  if (observer != nullptr) observer->lookup(0, rule != nullptr ? rule->base : nullptr);
  if (rule == nullptr) return miss(packet.key.in_port, frame.frame());
  ++table.matches;
  ++rule->packets;
  rule->bytes += frame.frame().size();
  Walk walk(*this, packet.key.in_port, false);
  execute_actions(rule->actions, frame, walk);
}

void Datapath::State::miss(std::uint16_t in_port, ByteView frame) {
  const Port* port = ports.find(in_port);
  if (port != nullptr && (port->config.config & kNoPacketIn)) return;
  send_up(in_port, frame, OFT_NO_MATCH, kAllBytes);
}

void Datapath::State::send_up(std::uint16_t in_port, ByteView frame, oft_packet_in_reason reason,
                              std::uint16_t send_len) {
  host->packet_in(host_data, in_port, frame.data(), frame.size(), reason, send_len);
}

oft_error Datapath::State::packet_out(std::uint16_t in_port, ByteView frame, ByteView actions) {
  if (const oft_error error = validate_actions(actions)) return error;
  if (frame.size() < kEthernetHeader) return OFT_OK;
  Loan loan(scratch);
  Rewriter rewriter(frame, parse(frame, in_port), loan.bytes);
  Walk walk(*this, in_port, true);
  execute_actions(actions, rewriter, walk);
  return OFT_OK;
}

oft_error Datapath::State::execute(Rule& rule, std::uint16_t in_port, ByteView frame) {
  ++rule.packets;
  rule.bytes += frame.size();
  if (frame.size() < kEthernetHeader) return OFT_OK;
  Loan loan(scratch);
  Rewriter rewriter(frame, parse(frame, in_port), loan.bytes);
  Walk walk(*this, in_port, false);
  execute_actions(rule.actions, rewriter, walk);
  return OFT_OK;
}

void Datapath::State::transmit(Port& port, ByteView frame) {
  if (port.config.config & (kNoFwd | kPortDown)) return;
  ++port.tx_packets;
  port.tx_bytes += frame.size();
  if (observer != nullptr) observer->packet_tx(port.config.number, frame);
}

void Datapath::State::flood(std::uint16_t in_port, std::uint32_t excluded, ByteView frame) {
  for (const std::size_t position : ports.ascending()) {
    Port& port = ports.at(position);
    if (port.config.number != in_port && (port.config.config & excluded) == 0) transmit(port, frame);
  }
}

}  // namespace oftwin::sim

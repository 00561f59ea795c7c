// Where packets come in: from a port, in a packet-out, out of a buffer.
#include "datapath-sim/state.h"
#include "datapath-sim/walk.h"
#include "datapath-sim/wire.h"
#include "spec/openflow.h"

namespace oftwin::sim {
namespace {

// The bridge group address has a switch of its own among the port's configuration bits.
bool receives(const Port& port, ByteView frame) {
  constexpr std::uint64_t bridge_group = 0x0180c2000000;
  if (port.config.config & OFPPC_PORT_DOWN) return false;
  const bool stp = frame.size() >= kEthernetHeader && load48(frame.data()) == bridge_group;
  return (port.config.config & (stp ? OFPPC_NO_RECV_STP : OFPPC_NO_RECV)) == 0;
}

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
  Packet packet = parse(frame, arrival.port);
  packet.key.tun_id = arrival.tun_id;
  if (!receives(*port, frame) || frame.size() < kEthernetHeader || (drop_frags && packet.fragment)) {
    ++port->rx_dropped;
    return;
  }
  ++port->rx_packets;
  port->rx_bytes += frame.size();
  Loan loan(scratch);
  Walk(*this, packet, frame, loan.bytes).enter();
}

oft_error Datapath::State::packet_out(std::uint16_t in_port, ByteView frame, ByteView actions) {
  Packet packet = parse(frame, in_port);
  Program program;
  if (const oft_error error = compile(actions, {packet.key.dl_type, packet.key.nw_proto}, program)) return error;
  if (frame.size() < kEthernetHeader) return OFT_OK;
  Loan loan(scratch);
  Walk(*this, packet, frame, loan.bytes).run(program);
  return OFT_OK;
}

oft_error Datapath::State::execute(Rule& rule, std::uint16_t in_port, ByteView frame) {
  Packet packet = parse(frame, in_port);
  Loan loan(scratch);
  Walk(*this, packet, frame, loan.bytes).meet(rule);
  return OFT_OK;
}

}  // namespace oftwin::sim

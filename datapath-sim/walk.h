// One packet's way through tables and actions, from where it comes in to where it goes.
//
// Everything that the packet carries beside its bytes is here: registers and tunnel in its key, its queue, how far it
// has been resubmitted. Invariant: its in_port never changes; a lookup with another one puts the packet's own back.
#pragma once

#include <cstdint>
#include <optional>

#include "datapath-sim/action.h"
#include "datapath-sim/packet.h"
#include "datapath-sim/rewrite.h"
#include "datapath-sim/state.h"

namespace oftwin::sim {

class Walk {
 public:
  // `packet` was parsed from `frame`. All outlive this.
  Walk(Datapath::State& datapath, Packet& packet, ByteView frame, Bytes& scratch);

  // The packet has come in: it is looked up in the first table.
  void enter() { look_up(0, in_port_, true); }
  // It counts at `rule` and runs its actions.
  void meet(Rule& rule);
  void run(const Program& program);

 private:
  void look_up(std::uint8_t table, std::uint16_t in_port, bool miss_goes_up);
  void resubmit(std::uint8_t table, std::uint16_t in_port, bool miss_goes_up);
  void run(const Step& step);
  void set(const BitRange& range, std::uint64_t value);

  void output(std::uint16_t port, std::uint16_t max_len);
  void enqueue(std::uint16_t port, std::uint32_t queue);
  void to_port(std::uint16_t number, ByteView frame);
  void flood(std::uint32_t excluded, ByteView frame);
  void transmit(Port& port, ByteView frame);
  void miss();
  void hand_up(ByteView frame, oft_packet_in_reason reason, std::uint16_t send_len);
  // Says what does not show in the frame that goes now. False: too many copies have gone already.
  bool leaves();

  bool live(std::uint16_t port) const;
  std::uint16_t choose(const Step& bundle) const;

  Datapath::State& datapath_;
  Packet& packet_;
  Rewriter frame_;
  const std::uint64_t length_;  // as it came in
  const std::uint16_t in_port_;
  std::uint8_t table_ = 0;  // that the rule which is run was found in
  unsigned depth_ = 0, resubmits_ = 0, copies_ = 0;
  std::optional<std::uint32_t> queue_;
};

}  // namespace oftwin::sim

// Puts scenarios on the wire, several at a time, and sorts what comes back.
//
// A scenario is a trace whose events are single messages (harness/live/scenario.h). Around it the switch is brought
// into a known state and asked to prove it: settings as at the start of a session, no flows. No barrier orders
// packet-ins and flow-removed messages. Packet-ins come in order, so that a packet which is sent straight to the
// controller ends those of a scenario; flow-removed messages may come late and in any order, so that a scenario's flows
// have its number in the upper half of their cookies. Scenarios that need their time, or more than one connection, are
// played alone.
//
// Frames on cables: nothing orders them with messages. So what was said before one is finished before it is put on its
// port, and the port has to have counted it before anything else is said. Each port ends a scenario with a sentinel of
// its own.
//
// Several connections: nothing but a barrier orders what is said on two of them, so that there is one behind what was
// said on a connection before something is said on another, and quiet around what changes who hears what. Those that a
// scenario does not use are parked, where they hear next to nothing: without a miss-send length, and slaves if they can
// be; what comes there is for nobody.
//
// Invariant: what is heard for a scenario was said because of it, if the switch answers xids truly.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "harness/live/heard.h"
#include "harness/live/introduce.h"
#include "harness/live/links.h"
#include "harness/live/ports.h"
#include "harness/trace.h"

namespace oftwin::harness::live {

struct ConversationOptions {
  std::uint64_t answer_ms = 10000;  // a switch that is silent for longer hangs
  std::uint64_t arrival_ms = 2000;  // that a frame may take from its cable into the switch
};

class Conversation {
 public:
  // `links` are the connections of `intro.config`, in that order. All outlive this.
  // `cables`, connected, are those of the switch's ports; nullptr: it has none.
  Conversation(Links& links, const Introduction& intro, const ConversationOptions& options, Cables* cables = nullptr);
  ~Conversation();

  // Brings the switch into the known state from whatever state it is in, on all connections. throws LinkError.
  void clean_up();
  // Whether the scenario may be on the wire together with others. With cables none may: what a port can keep until it
  // has been sent is little.
  bool pipelines(const Trace& scenario) const;
  // Sends it; its xids are rewritten. Its connections are the first ones of the switch. One that does not pipeline is
  // played to its end, and none may be in flight. throws LinkError.
  void begin(const Trace& scenario);
  std::size_t in_flight() const { return played_.size(); }
  std::size_t bytes_in_flight() const;
  std::size_t packets_in_flight() const;  // that were sent through the switch; Open vSwitch drops what goes beyond 100
  // Waits for the end of the oldest one. throws LinkError when the switch goes away or hangs. Valid until the next
  // call.
  const Heard& finish();
  const Heard& heard() const;  // of that one, with what has come since
  // The one that finish() was about, as it was sent: with the xids and cookies that it had on the wire.
  const Trace& finished() const;
  // Waits for one more flow-removed message of that one; false: none has come until `deadline`.
  bool hear_more(net::Deadline deadline);
  // Hears what comes until then.
  void idle(net::Deadline deadline);
  // Flow-removed messages that came when their scenario was no longer asked about.
  std::size_t late() const { return late_.size(); }

  std::uint64_t messages_sent() const { return messages_; }

 private:
  struct Played;
  struct Wire;

  // What is heard: conversation.cc.
  bool hear(net::Deadline deadline);
  void sort_message(std::size_t link, ByteView message);
  void attribute(std::size_t link, ByteView message);
  Played* played(std::uint64_t number);
  void packet_in(std::size_t link, ByteView message);
  void sentinel(std::size_t link, std::uint32_t low);
  void send_sentinel_again(Played& played);
  void removal(ConnName conn, ByteView message);
  static void set_elapsed(Played& played);

  // What is said: conversation_play.cc.
  void play(Wire& wire, std::size_t at);
  void say(Wire& wire, std::size_t at, event::Recv& recv);
  void take_up(Wire& wire);
  void park(std::size_t from);
  void end(Wire& wire);
  void reset_ports(Wire& wire);
  void move_to(Wire& wire, std::size_t link);
  void turn(Wire& wire, unsigned barriers = 1);
  void settle(Wire& wire);
  std::uint64_t wait(std::uint64_t ms);
  std::uint32_t take_xid() { return next_xid_++; }

  // Frames: conversation_ports.cc.
  void arrive(Wire& wire, const event::PacketArrives& frame);
  void ask_for_counts(Wire& wire);
  void let_out(Wire& wire);
  void settle_ports();

  Links& links_;
  std::optional<Ports> ports_;  // if there are cables
  const Introduction& intro_;
  const ConversationOptions options_;
  struct Late {
    std::uint64_t tag;
    Bytes message;
  };
  std::deque<std::unique_ptr<Played>> played_;
  std::unique_ptr<Played> current_;     // that finish() was about
  std::vector<std::uint64_t> pins_at_;  // by link: number of the scenario to which the next packet-ins belong
  std::size_t awake_;                   // links that are not parked: the first ones
  std::vector<Late> late_;
  std::uint64_t number_ = 0;  // of the next scenario
  std::uint32_t next_xid_ = 1;
  std::uint64_t messages_ = 0;
};

}  // namespace oftwin::harness::live

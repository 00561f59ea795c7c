// A judged switch on sockets: whoever connects is a connection of it, what they say happens to it, what it says goes
// out.
//
// One thread. In a turn, what has come is looked at, and then those who wait are served, whoever has had least of the
// switch's time first, a few messages at once, until a few milliseconds are over. So a greedy guest waits for its own
// kind, and one that asks little is served at once. A guest that does not read is told to the switch as a peer that
// does not read, and leaves when its backlog, or everybody's together, is too much, or when it has taken nothing for
// long.
//
// Invariants: everything that a guest's doing means to the switch is an event of the judged switch; a guest in session
// has a connection of its name there, and the other way round, except that a primary's may be down. Memory is bounded
// by the limits below, whatever guests do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/channel.h"
#include "harness/serve/flow_budget.h"
#include "harness/serve/guest.h"
#include "harness/serve/judged_switch.h"

namespace oftwin::harness {

struct ServerLimits {
  std::size_t connections = 500;  // that are accepted at the same time
  std::size_t flows = 5'000;
  std::size_t action_bytes = 64u << 20;  // of all flows together
  std::size_t backlog = 16u << 20;       // bytes not taken by one guest
  std::size_t backlogs = 64u << 20;      // ... and by all together
  std::uint16_t names = 65534;        // of service connections, and of snooping ones; more than there are connections
  std::chrono::seconds greeting{10};  // for HELLO
  std::chrono::seconds patience{30};  // with one that does not read at all
};

struct ServerOptions {
  std::vector<net::Endpoint> listen, snoop;  // where service and snooping connections are accepted
  std::vector<net::Endpoint> controllers;    // the switch connects: c1, c2 ..
  net::TlsFiles tls;
  ServerLimits limits;
  JudgedSwitchOptions judged;
};

struct ServerCounts {
  std::uint64_t accepted = 0;  // connections, snooping ones included
  std::uint64_t sessions = 0;  // of them and of controllers, those that got beyond HELLO
  std::uint64_t refused = 0;   // for want of room
  std::uint64_t dropped = 0;   // that did not read, or did not say HELLO
  std::uint64_t frames = 0;    // that left on ports
};

class Server {
 public:
  // `subject` outlives this. throws net::NetError, SubjectLost.
  Server(net::Reactor& reactor, Subject& subject, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Waits until something happens, at most until `latest`, and does what is to be done for some milliseconds.
  // throws SubjectLost, FileError.
  void turn(net::Deadline latest);

  std::vector<net::Endpoint> listening() const;  // with the ports that they got
  const JudgedSwitch& judged() const { return judged_; }
  const ServerCounts& counts() const { return counts_; }
  std::size_t guests() const { return guests_.size(); }

 private:
  struct Door {
    std::unique_ptr<net::Listener> listener;
    ConnKind kind;
  };
  // A controller to connect to.
  struct Controller {
    net::Endpoint endpoint;
    net::Deadline again;  // when to try
    std::chrono::milliseconds pause{0};
    bool busy = false;  // a guest stands for it
  };

  // Each step of a turn.
  net::Deadline wait_until(net::Deadline latest) const;
  void accept();
  void call_controllers();
  void greet(Guest& guest);
  void watch(Guest& guest);
  void serve();
  void limit_backlogs();
  void sweep();

  ConnName free_name(ConnKind kind);
  void enter(Guest& guest);
  bool serve_one();
  void feed(Guest& guest, ByteView messages);
  void end(Guest& guest);  // its peer has gone, or is made to
  void drop(Guest& guest, const std::string& why);
  void leave(Guest& guest);
  Guest* ready_guest();
  bool make_room();
  Guest* find(ConnName name);
  bool may_be_fed(const Guest& guest) const;

  const model::Connection* connection(ConnName name) const;

  bool happen(EventBody body);  // false: all sessions are over
  void begin_over();
  void pass_on(const std::vector<Observation>& observations);
  void clock();
  void say(const std::string& line);

  net::Reactor& reactor_;
  const ServerOptions options_;
  std::vector<Door> doors_;
  std::vector<Controller> controllers_;
  std::vector<std::unique_ptr<Guest>> guests_;
  FlowBudget budget_;
  JudgedSwitch judged_;
  ServerCounts counts_;
  net::Deadline now_, clock_at_;  // clock_at_: as far as the switch has been told
  net::Deadline wake_;            // when the switch wants to run
  std::chrono::nanoseconds floor_{0};
  std::uint16_t last_service_ = 0, last_snoop_ = 0;
  unsigned said_ = 0;
  bool more_ = false;  // somebody still waits to be served
};

}  // namespace oftwin::harness

// What a Datapath is made of. Internal to the datapath.
//
// Invariant: a rule is in force (its flow in a table) from the successful completion of its add until the successful
// completion of its replacement or of its removal; what an operation changes is changed right before the host is told
// that it is complete.
#pragma once

#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "datapath-sim/datapath.h"
#include "datapath-sim/flow_table.h"
#include "datapath-sim/operation_queue.h"
#include "datapath-sim/ports.h"
#include "datapath-sim/rule.h"
#include "datapath-sim/timeouts.h"

namespace oftwin::sim {

struct Table {
  TableConfig config;
  FlowTable flows;
  std::uint64_t lookups = 0, matches = 0;
};

// What waits for the next run().
struct Told {
  std::uint64_t rule_serial;
  oft_error error;
};
struct Arrival {
  std::uint16_t port;
  Bytes frame;
  std::uint64_t tun_id;
};
struct Change {
  event::PortChangeKind kind;
  PortConfig port;
};
using Input = std::variant<Told, Arrival, Change>;

struct Datapath::State {
  State(const SwitchConfig& config, Observer* observer);
  static State& of(void* datapath) { return *static_cast<Datapath*>(datapath)->state_; }

  // Operations (operation.cc).
  Rule* allocate();
  void deallocate(Rule& rule);
  oft_error construct(const oft_rule& base, const oft_rule* victim, oft_op* op);
  void modify(const oft_rule& base, oft_op* op);
  void destruct(const oft_rule& base, oft_op* op);
  void start(Operation operation, const Answer& answer);
  void finish(const Operation& operation, oft_error error);
  void take_effect(const Operation& operation);
  void put_into_force(Rule& rule, FlowTable& table);
  void put_out_of_force(Rule& rule);

  // Packets (forward.cc).
  void arrive(const Arrival& arrival);
  oft_error packet_out(std::uint16_t in_port, ByteView frame, ByteView actions);
  oft_error execute(Rule& rule, std::uint16_t in_port, ByteView frame);

  // The poll loop (datapath.cc).
  void run();
  void handle(const Told& told);
  void handle(const Arrival& arrival) { arrive(arrival); }
  void handle(const Change& change);
  void expire_rules();
  std::uint64_t run_at();
  void finish_all();

  std::vector<Table> tables;
  Ports ports;
  OperationQueue operations;
  Timeouts timeouts;            // of the rules in force on which no operation is in progress
  std::vector<Rule*> expiring;  // those whose turn is to come in this run; nullptr: gone meanwhile
  std::vector<std::unique_ptr<Rule>> rules;
  std::vector<Input> inputs;
  Observer* observer;
  const oft_host* host = nullptr;  // null before attach() and after dealloc(): then nothing runs
  void* host_data = nullptr;
  std::uint64_t next_serial = 1;
  bool drop_frags = false;
  Bytes scratch;  // lent to the one Walk at work, so that packets do not allocate
};

}  // namespace oftwin::sim

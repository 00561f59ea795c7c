// A packet's way: reception, lookup in table 0, the actions of the rule that it met, and each output resolved to ports.
#include "model/datapath.h"

#include <algorithm>

#include "model/action.h"
#include "model/async.h"
#include "model/match.h"
#include "spec/openflow.h"

namespace oftwin::model {
namespace {

constexpr std::uint64_t kSpanningTree = 0x0180c2000000;

struct Way {
  State& state;
  const Choices& choices;
  Outcome& out;
};

// A rule that the packet matches and may meet.
struct Candidate {
  Rule* rule = nullptr;  // nullptr: a miss
  bool certain = false;  // in force whatever becomes of the operations in flight
  bool now = false;      // in force as long as nothing has completed
};

const Operation* operation_on(const State& state, RuleName rule) {
  const auto op = std::ranges::find(state.operations, rule, &Operation::rule);
  return op == state.operations.end() ? nullptr : &*op;
}

std::vector<Candidate> matching(State& state, std::uint8_t table, const FlowKey& key) {
  std::vector<Candidate> all;
  for (Rule& rule : state.tables[table].rules) {
    const Operation* op = operation_on(state, rule.name);
    const bool certain = op == nullptr || op->kind != OperationKind::add;
    if (matches(rule.match, key)) all.push_back({&rule, certain, certain});
  }
  for (Operation& op : state.operations) {
    if (!op.set_aside || op.set_aside->table != table || !matches(op.set_aside->match, key)) continue;
    all.push_back({&*op.set_aside, false, true});
  }
  return all;
}

// What is met if nothing in flight has happened yet; of equals the first.
Candidate best_now(const std::vector<Candidate>& all) {
  Candidate best;
  for (const Candidate& c : all) {
    if (c.now && (best.rule == nullptr || c.rule->priority > best.rule->priority)) best = c;
  }
  return best;
}

// The packet meets at least this: a rule that is certainly there, or one of a replacement and its victim.
std::optional<std::uint32_t> least_priority(const State& state, const std::vector<Candidate>& all) {
  std::optional<std::uint32_t> least;
  for (const Candidate& c : all) {
    const bool replacement = !c.certain && !c.now && operation_on(state, c.rule->name)->set_aside.has_value();
    if (c.certain || replacement) least = std::max(least.value_or(0), c.rule->priority);
  }
  return least;
}

Rule* choose(Way& way, std::uint8_t table, const std::vector<Candidate>& all) {
  const Candidate first = best_now(all);
  const std::optional<std::uint32_t> least = least_priority(way.state, all);
  std::vector<Rule*> rules = {first.rule};
  bool in_flight = false;
  for (const Candidate& c : all) {
    if (c.rule == first.rule || (least && c.rule->priority < *least)) continue;
    rules.push_back(c.rule);
    in_flight = in_flight || !c.certain || !first.certain;
  }
  if (!least && first.rule != nullptr) rules.push_back(nullptr);
  if (rules.size() == 1) return first.rule;
  way.out.clauses.set(in_flight || !least ? clause("DP-2") : clause("DP-3"));
  if (!way.choices.lookup) return first.rule;
  LookupQuestion question{way.out.observations.size(), table, {}};
  for (const Rule* r : rules) question.candidates.push_back(r ? std::optional(r->name) : std::nullopt);
  const std::size_t answer = way.choices.lookup(question);
  return answer < rules.size() ? rules[answer] : first.rule;
}

void count(Way& way, Rule& rule, std::size_t bytes) {
  way.out.clauses.set(clause("DP-4"));
  ++rule.packets;
  rule.bytes += bytes;
  rule.used_ms = way.state.now_ms;
}

Port* port_of(State& state, std::uint16_t number) {
  const auto port = std::ranges::find(state.ports, number, [](const Port& p) { return p.config.number; });
  return port == state.ports.end() ? nullptr : &*port;
}

void transmit(Way& way, std::uint16_t number, const Bytes& frame) {
  way.out.clauses.set(clause("DP-7"));
  Port* port = port_of(way.state, number);
  if (port == nullptr || (port->config.config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) != 0) return;
  ++port->counters.tx_packets;
  port->counters.tx_bytes += frame.size();
  way.out.observations.push_back(observation::PacketTx{number, frame});
}

void flood(Way& way, std::uint16_t in_port, std::uint32_t excluded, const Bytes& frame) {
  way.out.clauses.set(clause("DP-8"));
  std::vector<std::uint16_t> numbers;
  for (const Port& p : way.state.ports) {
    if (p.config.number != in_port && (p.config.config & excluded) == 0) numbers.push_back(p.config.number);
  }
  std::ranges::sort(numbers);
  for (const std::uint16_t number : numbers) transmit(way, number, frame);
}

void look_up(Way& way, Packet& packet);

// in_packet_out: the list is that of a packet-out, not of a rule.
void output(Way& way, const Output& to, Packet& packet, bool in_packet_out) {
  const std::uint16_t in_port = packet.wanted.in_port;
  switch (to.port) {
    case OFPP_IN_PORT:
      return transmit(way, in_port, packet.frame);
    case OFPP_ALL:
      return flood(way, in_port, 0, packet.frame);
    case OFPP_FLOOD:
    case OFPP_NORMAL:
      return flood(way, in_port, OFPPC_NO_FLOOD, packet.frame);
    case OFPP_CONTROLLER:
      way.out.clauses.set(clause("DP-9"));
      return packet_in(way.state, in_port, packet.frame, PacketInReason::action, to.max_len, way.out);
    case OFPP_TABLE:
      way.out.clauses.set(clause("DP-10"));
      if (!in_packet_out) return;
      packet = packet_of(Bytes(packet.frame), in_port, way.out.clauses);
      return look_up(way, packet);
    default:
      if (to.port != in_port) transmit(way, to.port, packet.frame);
  }
}

void run(Way& way, ByteView actions, Packet& packet, bool in_packet_out) {
  while (!actions.empty()) {
    const ByteView action = take_action(actions);
    if (const std::optional<Output> to = output_of(action)) {
      write(packet, way.out.clauses);
      output(way, *to, packet, in_packet_out);
    } else {
      apply(packet, action, way.out.clauses);
    }
  }
}

void miss(Way& way, const Packet& packet) {
  way.out.clauses.set(clause("DP-5"));
  const std::uint16_t in_port = packet.wanted.in_port;
  const Port* port = port_of(way.state, in_port);
  if (port != nullptr && (port->config.config & OFPPC_NO_PACKET_IN) != 0) return;
  packet_in(way.state, in_port, packet.frame, PacketInReason::no_match, 0xffff, way.out);
}

Bytes actions_in_force(Way& way, const Rule& rule) {
  const Operation* op = operation_on(way.state, rule.name);
  if (op == nullptr || op->kind != OperationKind::modify) return rule.actions;
  way.out.clauses.set(clause("DP-11"));
  return op->old_actions;
}

void look_up(Way& way, Packet& packet) {
  way.out.clauses.set(clause("DP-1"));
  constexpr std::uint8_t table = 0;
  Rule* rule = choose(way, table, matching(way.state, table, packet.written));
  ++way.state.tables[table].lookup_count;
  way.out.observations.push_back(observation::Lookup{table, rule ? std::optional(rule->name) : std::nullopt});
  if (rule == nullptr) return miss(way, packet);
  way.out.clauses.set(clause("MATCH-1"));
  ++way.state.tables[table].matched_count;
  count(way, *rule, packet.frame.size());
  run(way, actions_in_force(way, *rule), packet, false);
}

// Whether the port takes the frame in.
bool received(const State& state, const Port& port, ByteView frame, Outcome& out) {
  if ((port.config.config & OFPPC_PORT_DOWN) != 0 || frame.size() < kEthernetHeader) return false;
  const Headers h = parse(frame, port.config.number, out.clauses);
  const std::uint32_t refused = h.key.dl_dst == kSpanningTree ? OFPPC_NO_RECV_STP : OFPPC_NO_RECV;
  if ((port.config.config & refused) != 0) return false;
  if (!state.provider.drop_fragments || !h.ipv4_fragment) return true;
  out.clauses.set(clause("DP-12"));
  return false;
}

}  // namespace

void packet_arrives(State& state, std::uint16_t number, ByteView frame, const Choices& choices, Outcome& out) {
  Port* port = port_of(state, number);
  if (port == nullptr) return;
  if (!received(state, *port, frame, out)) {
    out.clauses.set(clause("DP-6"));
    ++port->counters.rx_dropped;
    return;
  }
  ++port->counters.rx_packets;
  port->counters.rx_bytes += frame.size();
  Way way{state, choices, out};
  Packet packet = packet_of(frame, number, out.clauses);
  look_up(way, packet);
}

void packet_out(State& state, std::uint16_t in_port, ByteView frame, ByteView actions, const Choices& choices,
                Outcome& out) {
  out.clauses.set(clause("DP-13"));
  if (frame.size() < kEthernetHeader) return;
  Way way{state, choices, out};
  Packet packet = packet_of(frame, in_port, out.clauses);
  run(way, actions, packet, true);
}

void execute_rule(State& state, RuleName name, std::uint16_t in_port, ByteView frame, const Choices& choices,
                  Outcome& out) {
  if (frame.size() < kEthernetHeader) return;
  Way way{state, choices, out};
  for (Table& table : state.tables) {
    const auto rule = std::ranges::find(table.rules, name, &Rule::name);
    if (rule == table.rules.end()) continue;
    out.clauses.set(clause("DP-14"));
    count(way, *rule, frame.size());
    Packet packet = packet_of(frame, in_port, out.clauses);
    return run(way, Bytes(rule->actions), packet, false);
  }
}

}  // namespace oftwin::model
